/** What the author of a document that CUE refuses is advised to do, and which errors are not told. */
import { beforeAll, describe, expect, test } from 'bun:test';
import type { ExplainedError } from '../../../src/config/cue/explain.ts';
import { configDocument, explained, functionDocument, line } from './explain_fixture.ts';

const f = functionDocument;
const steps = (text: string) => f('', { steps: `steps: ${text}` });
const triggers = (text: string) => f('', { triggers: text });
const templated = 'functions: [ID=string]: defs.#Function & {id: ID, name: string | *ID}\n';
const imports = 'package main\nimport defs "inngest.com/defs/v1"\n';
const fields = 'triggers: [{event: "e"}], steps: a: runtime: url: "http://h/a"';

/** What is wrong; the document; the ends of all that is said. */
type Row = readonly [what: string, text: string, ...says: string[]];

const rows: readonly Row[] = [
  [
    'a misspelt field of a step',
    steps('a: retires: {}'),
    'field retires not allowed; did you mean retries? @ 9:12',
  ],
  [
    'a misspelt field that is required',
    steps('a: runtime: ulr: "u"'),
    'field ulr not allowed; did you mean url? @ 9:21',
  ],
  [
    'another misspelt field that is required',
    f('', { name: 'nme: "X"' }),
    'field nme not allowed; did you mean name? @ 7:2',
  ],
  [
    'a misspelt map',
    f('', { steps: 'stepss: a: {}' }),
    'field stepss not allowed; did you mean steps? @ 9:2',
  ],
  [
    'a misspelt list',
    triggers('trigger: []'),
    'field trigger not allowed; did you mean triggers? @ 8:2',
  ],
  [
    'a field of the wrong case',
    configDocument('eventApi: port: 1'),
    'field eventApi not allowed; did you mean eventAPI? @ 6:2',
  ],
  [
    'a field too far out',
    steps('a: url: "u"'),
    'field url not allowed; did you mean runtime.url? @ 9:12',
  ],
  [
    'a field too far out, of a list',
    f('event: "x"'),
    'field event not allowed; did you mean triggers[].event? @ 10:2',
  ],
  [
    'a field like no other',
    f('throttle: {colour: 1, period: "1m"}'),
    'field colour not allowed; the fields that it may have are key, count, period @ 10:13',
  ],
  [
    'a field of another form',
    configDocument('queue: service: {backend: "redis", queueURL: "u"}'),
    'field queueURL not allowed; it goes with backend, region, topic, concurrency only @ 6:37',
  ],
  ['a text for an edge', steps('a: after: ["x"]'), '; write after: [{step: "x"}] @ 9:20'],
  [
    'a text for a trigger',
    triggers('triggers: ["a/b"]'),
    '; write triggers: [{event: "a/b"}] @ 8:13',
  ],
  [
    'a text for triggers',
    triggers('triggers: "a/b"'),
    '; triggers is a list: triggers: [{event: "a/b"}] @ 8:12',
  ],
  [
    'one trigger for a list',
    triggers('triggers: {event: "e"}'),
    '; triggers is a list: triggers: [{…}] @ 8:12',
  ],
  [
    'a text for a runtime',
    steps('a: runtime: "u"'),
    '; runtime is an object: runtime: {url: "u"} @ 9:21',
  ],
  ['a text for a number', f('concurrency: "5"'), '; write concurrency: 5, without quotes @ 10:15'],
  [
    'a duration without a unit',
    f('rateLimit: {limit: 1, period: 60}'),
    '; a duration is a text with a unit: period: "60s" @ 10:32',
  ],
  ['single quotes', f('', { name: "name: 'X'" }), '; write it in double quotes: "X" @ 7:8'],
  [
    'a name with a dash',
    steps('send-mail: {}'),
    `missing ',' in struct literal; names with dashes need quotes: "send-mail" @ 9:18`,
  ],
  [
    'the schema without its import',
    `package main\nfunction: defs.#Function & {id: "a"}\n`,
    'reference "defs" not found; put this line at the top, below the package clause if there is one: import defs "inngest.com/defs/v1" @ 2:11',
  ],
  [
    'the schema of the configuration without its import',
    'config: c.#Config & {}\n',
    'import c "inngest.com/defs/config" @ 1:9',
  ],
  [
    'a package of CUE without its import',
    f('', { name: 'name: strings.ToUpper("x")' }),
    'put this line at the top: import "strings" @ 7:8',
  ],
  [
    'an assignment',
    f('', { name: 'name = "X"' }),
    'a field is set with a colon, not with =: write name: … @ 7:2',
  ],
  [
    'a comma left out',
    f('', { id: 'id: "x" name: "X"', name: '' }),
    "missing ',' in struct literal; put a comma or a new line between the fields @ 6:10",
  ],
  [
    'a bracket left out',
    triggers('triggers: [{event: "e"}'),
    "missing ',' before newline in list literal; the [ in line 8 is not closed @ 8:25",
  ],
  [
    'a bracket left out before a comma, in JSON',
    '{"id": "x",\n "triggers": [{"event": "e"},\n "name": "X"\n}\n',
    "missing ',' in list literal; the [ in line 2 is not closed @ 2:29",
  ],
  [
    'a brace left out within a list',
    triggers('triggers: [{event: "e"]'),
    "missing ',' in struct literal; close the { of line 8 before this ] @ 8:24",
  ],
  [
    'a brace left out',
    steps('a: {runtime: url: "u"'),
    "expected '}', found 'EOF'; the { in line 9 is not closed @ 11:2",
  ],
  [
    'curly quotes',
    f('', { name: 'name: “X”' }),
    `illegal character U+201C '“'; write straight quotes: " @ 7:8`,
  ],
  [
    'two names where the label is a third',
    `${imports}${templated}functions: a: {name: "x", ${fields}}\nfunctions: a: name: "y"\n`,
    'functions.a.name: conflicting values "y" and "x" @ 5:21',
  ],
];

describe('what to do is told behind the words of CUE, and nothing is told twice', () => {
  let answers: readonly (readonly ExplainedError[])[] = [];
  beforeAll(async () => {
    answers = await explained(...rows.map(([, text]) => text));
  }, 120_000);

  rows.forEach(([what, , ...says], index) => {
    test(what, () => {
      const said = (answers[index] ?? []).map(line);
      expect(said).toEqual(says.map((end) => expect.stringMatching(endsWith(end))));
    });
  });

  test('no program is named that only developers of CUE have', () => {
    expect(JSON.stringify(answers)).not.toContain('cue fix');
  });
});

function endsWith(text: string): RegExp {
  return new RegExp(`${text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}$`);
}
