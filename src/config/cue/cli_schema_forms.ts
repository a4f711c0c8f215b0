/**
 * The schema in forms that make CUE say more. Documents are accepted by the schema itself only; these are for those
 * that it refused. Made from the lines of cue/defs as they are formatted there.
 */

/** Every definition takes any value: what is left is what a document says itself. */
export function openForm(schema: string): string {
  const [clause = ''] = /^package \w+$/m.exec(schema) ?? [];
  const names = [...schema.matchAll(/^(#\w+):/gm)].map(([, name]) => `${name}: _`);
  return `${[clause, ...names].join('\n')}\n`;
}

/**
 * Without defaults. A default is one more form that a value may have, so that a wrong value fails it too; and when a
 * field with a default is wrong inside a struct that has several forms, this CUE forgets why.
 */
export function plainForm(schema: string): string {
  return schema
    .replace(/ \| \*(?:\{[^}]*\}|"[^"]*"|[\w.-]+)/g, '')
    .replace(/\*("[^"]*") \|/g, '$1 |');
}

/**
 * Only which fields must be there, with any value. CUE tells what is missing only when nothing else is wrong, and with
 * this form less is.
 */
export function requiredForm(schema: string): string {
  return schema.split('\n').map(requiredLine).join('\n');
}

function requiredLine(line: string): string {
  const [, choice] = /^(#\w+): #\w+ \|/.exec(line) ?? [];
  // Which of its forms is meant is seen by what they do not allow.
  if (choice !== undefined) return `${choice}: _`;
  const [, indent, name, optional, type = ''] = /^(\t+)(\w+)(\??):\s+(.*)$/.exec(line) ?? [];
  if (name !== undefined && !/[#{[]/.test(type)) {
    const isMissable = optional === '' && !type.includes('*') && !/^"[^"|]*"$/.test(type);
    return isMissable ? `${indent}${name}: _` : '';
  }
  const [, end] = /^(\t*)\}$/.exec(line) ?? [];
  return end === undefined ? line : `${end}\t...\n${line}`;
}
