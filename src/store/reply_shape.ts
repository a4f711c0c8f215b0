/** Reads the replies of scripts: what a script answers is fixed by its head, anything else is a bug in it. */
import type { Reply } from './store.ts';

export class ReplyShapeError extends Error {
  readonly code = 'reply_shape';
}

export function asNumber(reply: Reply | undefined): number {
  if (typeof reply === 'number') return reply;
  if (typeof reply === 'string' && reply !== '') return Number(reply);
  throw new ReplyShapeError(`a script answered ${JSON.stringify(reply)} where a number belongs`);
}

export function asText(reply: Reply | undefined): string {
  if (typeof reply === 'string') return reply;
  if (typeof reply === 'number') return String(reply);
  throw new ReplyShapeError(`a script answered ${JSON.stringify(reply)} where text belongs`);
}

export function asList(reply: Reply | undefined): readonly Reply[] {
  if (Array.isArray(reply)) return reply;
  throw new ReplyShapeError(`a script answered ${JSON.stringify(reply)} where a list belongs`);
}

/** A flat list field, value, field, value … as pairs. */
export function asPairs(reply: Reply | undefined): (readonly [string, string])[] {
  const flat = asList(reply);
  const pairs: (readonly [string, string])[] = [];
  for (let i = 0; i + 1 < flat.length; i += 2) pairs.push([asText(flat[i]), asText(flat[i + 1])]);
  return pairs;
}
