/** What to write where a value of another kind stands: an object, a list, a number, a text in quotes. */
import type { ValuePath } from '../evaluator.ts';

const literal = String.raw`"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|-?[\d.]+|true|false`;
const kinds = String.raw` \(mismatched types (\w+) and (\w+)\)$`;
const literalFirst = new RegExp(`^conflicting values (${literal}) and .*${kinds}`, 's');
const literalLast = new RegExp(`^conflicting values .* and (${literal})${kinds}`, 's');
const anyConflict = new RegExp(`^conflicting values .*${kinds}`, 's');

/** Such as `5` where a struct belongs; `value` is null for what is no literal. */
interface Mismatch {
  readonly value: string | null;
  readonly found: string;
  readonly wanted: string;
}

type Form = (value: string) => string;

/** What is written instead of one value in a field that takes an object. */
const objects: ReadonlyMap<string, Form> = new Map([
  ['retries', (value) => `{attempts: ${value}}`],
  ['runtime', (value) => `{url: ${value}}`],
  ['throttle', (value) => `{period: ${value}}`],
  ['rateLimit', (value) => `{period: ${value}}`],
  ['debounce', (value) => `{period: ${value}}`],
  ['singleton', (value) => `{mode: ${value}}`],
  ['priority', (value) => `{run: ${value}}`],
  ['timeouts', (value) => `{finish: ${value}}`],
  ['version', (value) => `{major: ${value}}`],
]);
/** And of one element of a field that takes a list. */
const elements: ReadonlyMap<string, Form> = new Map([
  ['after', (value) => `{step: ${value}}`],
  ['triggers', (value) => `{event: ${value}}`],
  ['cancel', (value) => `{event: ${value}}`],
]);
const durations = new Set(['period', 'ttl', 'timeout', 'wait', 'jitter', 'start', 'finish']);

const truths: ReadonlyMap<string, string> = new Map([
  ['true', 'true'],
  ['yes', 'true'],
  ['on', 'true'],
  ['false', 'false'],
  ['no', 'false'],
  ['off', 'false'],
]);

export function kindAdvice(path: ValuePath, message: string): string | null {
  const mismatch = mismatchOf(message);
  if (mismatch === null) return null;
  const last = path.at(-1);
  if (typeof last === 'string') return fieldAdvice(last, path.at(-2), mismatch);
  const list = path.at(-2);
  const element = typeof list === 'string' ? elements.get(list) : undefined;
  if (!element || mismatch.value === null) return null;
  return `write ${list}: [${element(mismatch.value)}]`;
}

function mismatchOf(message: string): Mismatch | null {
  const first = literalFirst.exec(message);
  if (first) return { value: first[1] ?? null, found: first[2] ?? '', wanted: first[3] ?? '' };
  const last = literalLast.exec(message);
  if (last) return { value: last[1] ?? null, found: last[3] ?? '', wanted: last[2] ?? '' };
  const other = anyConflict.exec(message);
  return other ? { value: null, found: other[1] ?? '', wanted: other[2] ?? '' } : null;
}

function fieldAdvice(
  name: string,
  parent: string | number | undefined,
  { value, found, wanted }: Mismatch,
): string | null {
  const element = elements.get(name);
  // CUE names the two kinds in no certain order; the field tells which of them is the right one.
  if (element && [found, wanted].includes('list')) {
    const isStruct = [found, wanted].includes('struct');
    if (isStruct) return `${name} is a list: ${name}: [{…}]`;
    return value === null ? null : `${name} is a list: ${name}: [${element(value)}]`;
  }
  if (parent === 'steps' && value !== null)
    return `a step is an object: {runtime: {url: ${value}}}`;
  const object = objects.get(name);
  if (object && value !== null && wanted === 'struct') {
    return `${name} is an object: ${name}: ${object(value)}`;
  }
  if (name === 'steps' && [found, wanted].includes('list')) {
    return 'steps is an object with the id of each step: steps: {"my-step": {…}}';
  }
  return value === null ? null : scalarAdvice(name, value, found, wanted);
}

function scalarAdvice(name: string, value: string, found: string, wanted: string): string | null {
  const inside = value.slice(1, -1);
  if (found === 'bytes' && wanted === 'string') return `write it in double quotes: "${inside}"`;
  if (wanted === 'string' && found !== 'string') {
    if (durations.has(name)) return `a duration is a text with a unit: ${name}: "${value}s"`;
    return `write it in quotes: ${name}: "${value}"`;
  }
  if (found !== 'string') return null;
  if (wanted === 'bool') {
    const word = truths.get(inside) ?? 'true or false';
    return `write ${name}: ${word}, without quotes`;
  }
  const isNumber = inside.trim() !== '' && Number.isFinite(Number(inside));
  return isNumber ? `write ${name}: ${inside}, without quotes` : null;
}
