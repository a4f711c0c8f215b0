/** What to do about a field that the schema does not have where it stands: the one that was probably meant. */
import { nearestWord } from '../../lib/nearest_word.ts';
import type { ValuePath } from '../evaluator.ts';
import { formsAt, type Shape } from './schema_tree.ts';

/** How many steps down a field is looked for that stands too far out: `url` of a step is `runtime.url`. */
const depthMax = 3;
/** What other systems, or other fields of ours, call the same. */
const synonyms: ReadonlyMap<string, readonly string[]> = new Map([
  ['limit', ['count', 'maxSize']],
  ['count', ['limit', 'maxSize']],
  ['size', ['maxSize']],
  ['interval', ['period']],
  ['window', ['period']],
  ['schedule', ['cron']],
  ['filter', ['expression', 'if', 'match']],
  ['expression', ['if', 'match']],
  ['when', ['if', 'expression']],
  ['depends', ['after']],
  ['dependsOn', ['after']],
  ['needs', ['after']],
  ['delay', ['wait']],
  ['sleep', ['wait']],
  ['max', ['attempts', 'limit', 'count']],
]);

const notAllowed = /^field (?:"([^"]+)"|(\S+)) not allowed$/;

/** The name in `field x not allowed`; null for anything else. */
export function refusedField(message: string): string | null {
  const found = notAllowed.exec(message);
  return found?.[1] ?? found?.[2] ?? null;
}

/** The field of the schema at `path` that `name` was probably to be. */
export function meantField(path: ValuePath, name: string): string | null {
  const names = namesOf(formsAt(path));
  return names.includes(name) ? null : nearOne(name, names);
}

/** Null when nothing is known about the place. */
export function fieldAdvice(path: ValuePath, name: string): string | null {
  const forms = formsAt(path);
  const names = namesOf(forms);
  if (names.length === 0) return null;
  if (names.includes(name)) return besideAdvice(path, name, forms);
  const meant = nearOne(name, names) ?? deeperField(path, name);
  if (meant !== null) return `did you mean ${meant}?`;
  return `the fields that it may have are ${names.join(', ')}`;
}

/** The field exists in one of the forms, and stands beside those of another one. */
function besideAdvice(path: ValuePath, name: string, forms: readonly Shape[]): string | null {
  const own = forms.filter(({ fields }) => fields.has(name));
  const [form] = own;
  if (form === undefined || own.length === forms.length) return null;
  if (path.at(-2) === 'triggers') {
    return 'a trigger has either an event or a cron: write two triggers for both';
  }
  if (own.length > 1) return null;
  const others = [...form.fields.keys()].filter((other) => other !== name);
  return others.length === 0 ? `${name} stands alone` : `it goes with ${others.join(', ')} only`;
}

/** Breadth first: the nearest place that has a field of this name, or of one like it. */
function deeperField(path: ValuePath, name: string): string | null {
  const exact = below(path).find((found) => found.name === name);
  const near = nearOne(name, [...new Set(below(path).map((found) => found.name))]);
  const found = exact ?? below(path).find((other) => other.name === near);
  return found ? `${found.text}.${found.name}` : null;
}

interface DeepField {
  readonly name: string;
  /** What leads to it from the place: `steps.<id>.runtime`. */
  readonly text: string;
}

function below(path: ValuePath): DeepField[] {
  const result: DeepField[] = [];
  let level: { path: ValuePath; text: string }[] = [{ path, text: '' }];
  for (let depth = 0; depth < depthMax; depth += 1) {
    const next: typeof level = [];
    for (const place of level) {
      for (const form of formsAt(place.path)) {
        for (const [name, field] of form.fields) {
          if (depth > 0) result.push({ name, text: place.text });
          const isMap = field.pattern !== null;
          const inner = isMap ? '.<id>' : field.isList ? '[]' : '';
          const text = `${place.text === '' ? '' : `${place.text}.`}${name}${inner}`;
          next.push({ path: [...place.path, name, ...(isMap ? ['<id>'] : [])], text });
        }
      }
    }
    level = next;
  }
  return result;
}

function namesOf(forms: readonly Shape[]): string[] {
  return [...new Set(forms.flatMap(({ fields }) => [...fields.keys()]))];
}

function nearOne(name: string, names: readonly string[]): string | null {
  const byLower = new Map(names.map((known) => [known.toLowerCase(), known]));
  const near = nearestWord(name, [...byLower.keys()]);
  if (near !== null) return byLower.get(near) ?? null;
  return synonyms.get(name)?.find((word) => names.includes(word)) ?? null;
}
