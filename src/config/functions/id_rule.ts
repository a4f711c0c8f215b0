/** Ids of declared functions and their steps: lower-case words joined by dashes (cue-config.md §1.1, §4.2). */
import { triggerStep } from '../../function/dag.ts';
import { slugOf } from '../../function/identity.ts';
import { quote } from '../../function/validation.ts';

/** Ids become parts of keys, URLs and file names. */
const idCharsMax = 255;
const idPattern = /^[a-z0-9]+(-[a-z0-9]+)*$/;

/** Why an id is refused, or null. Of a function's id only what follows the first `/` is looked at. */
export function functionIdProblem(id: string): string | null {
  if (id === '') return 'a function needs an id';
  if (id.length > idCharsMax) return tooLong(id);
  return slugProblem(id.slice(id.indexOf('/') + 1), id);
}

export function stepIdProblem(id: string): string | null {
  if (id === '') return 'a step needs an id that is not empty';
  if (id === triggerStep) return `${quote(id)} is reserved for where every run begins`;
  if (id.length > idCharsMax) return tooLong(id);
  return slugProblem(id, id);
}

/**
 * What stands for a function's id in its slug and its URL. There is no `/` in it: what stands before it is made a
 * slug too and joined with a dash.
 */
export function slugPartOf(id: string): string {
  const slash = id.indexOf('/');
  if (slash === -1) return id;
  const group = slugOf(id.slice(0, slash));
  const rest = id.slice(slash + 1);
  return group === '' ? rest : `${group}-${rest}`;
}

function slugProblem(slug: string, id: string): string | null {
  if (idPattern.test(slug)) return null;
  const better = slugOf(slug).replaceAll('_', '-').replace(/-+/g, '-').replace(/^-|-$/g, '');
  const advice = better === '' ? 'for example "send-mail"' : `for example ${quote(better)}`;
  return `id ${quote(id)} may only have lowercase letters, numbers and single dashes between them; ${advice}`;
}

function tooLong(id: string): string {
  return `an id has at most ${idCharsMax} characters; this one has ${id.length}`;
}
