/** Valid documents with one thing made wrong at a place that is known. */

export interface Damage {
  /** What was done, for the message of a test that fails. */
  readonly what: string;
  readonly text: string;
  /** Where it was done. */
  readonly line: number;
}

type Random = (below: number) => number;

/** One line of a document and how it may be made wrong. */
type Line = readonly [text: string, ...damages: (keyof typeof damages)[]];

const damages = {
  kind: (line: string) => line.replace(/: ".*"/, ': 7'),
  bound: (line: string) => line.replace(/\d+/, '-1'),
  key: (line: string) => line.replace(/(\w)(\w)(\w*"?: )/, '$1$2$2$2$3'),
  colon: (line: string) => line.replace(': ', ' '),
  comma: (line: string) => line.replace(', ', ' '),
  bracket: (line: string) => line.replace(/\](,?)$/, '$1'),
  quote: (line: string) => line.replace(/"(?=[^"]*$)/, ''),
  reference: (line: string) => line.replace(/"[^"]*"(?=[^"]*$)/, 'nowhere'),
} as const;

/** As a document that imports the schema, or as JSON. */
function documentLines(random: Random): Line[] {
  const isJson = random(3) === 0;
  const key = (name: string) => (isJson ? `"${name}"` : name);
  const comma = isJson ? ',' : '';
  const count = 1 + random(3);
  const lines: Line[] = isJson
    ? [['{"functions": {']]
    : [
        ['package main'],
        ['import defs "inngest.com/defs/v1"'],
        ['functions: [string]: defs.#Function'],
        ['functions: {'],
      ];
  for (let index = 0; index < count; index += 1) {
    lines.push(
      [`\t"f${index}": {`],
      [
        `\t\t${key('id')}: "f${index}"${comma}`,
        'kind',
        'colon',
        ...(isJson ? [] : (['reference'] as const)),
      ],
      [`\t\t${key('name')}: "F ${index}"${comma}`, 'kind', 'colon', 'quote'],
      [`\t\t${key('concurrency')}: ${random(9)}${comma}`, 'bound', 'key', 'colon'],
      [
        `\t\t${key('throttle')}: {${key('count')}: ${1 + random(9)}, ${key('period')}: "1m"}${comma}`,
        'bound',
        'kind',
        'comma',
        'key',
      ],
      [
        `\t\t${key('triggers')}: [{${key('event')}: "a/b"}, {${key('event')}: "c/d"}]${comma}`,
        'comma',
        'bracket',
        'key',
        'kind',
      ],
      [
        `\t\t${key('steps')}: {"s": {${key('runtime')}: {${key('url')}: "http://h/s"}}}`,
        'kind',
        'key',
      ],
      [index === count - 1 ? '\t}' : `\t}${comma}`],
    );
  }
  return [...lines, [isJson ? '}}' : '}']];
}

export function damagedAt(random: Random): Damage {
  const lines = documentLines(random);
  const fit = lines.flatMap(([, ...kinds], index) => kinds.map((kind) => ({ kind, index })));
  const chosen = fit[random(fit.length)];
  if (!chosen) throw new Error('no line can be made wrong');
  const { kind, index } = chosen;
  const texts = lines.map(([text]) => text);
  const before = texts[index] ?? '';
  const after = damages[kind](before);
  if (after === before) throw new Error(`${kind} does nothing to ${before}`);
  texts[index] = after;
  return { what: `${kind}: ${after.trim()}`, text: `${texts.join('\n')}\n`, line: index + 1 };
}
