/** Ids in paths and queries. Senders may write them in lower case; inside the server they are upper case. */
import { isUlid } from '../lib/ulid.ts';
import { Problem } from './problem.ts';

/**
 * The ULID in its stored form. Throws `Problem` 400 with `refusal` when it is none; `text` is null when the
 * router could not decode it (`%zz`).
 */
export function ulidOf(text: string | null, refusal: string): string {
  const id = (text ?? '').toUpperCase();
  if (!isUlid(id)) throw new Problem(400, refusal);
  return id;
}

/** As `ulidOf` for the only parameter of a path; the refusal (`Invalid run ID`) shows what was sent. */
export function ulidInPath(request: Request, text: string | null, refusal: string): string {
  return ulidOf(text, `${refusal}: ${text ?? undecodable(request)}`);
}

/** The part of the path for which the router gave null. */
function undecodable(request: Request): string {
  return new URL(request.url).pathname.split('/').find(isUndecodable) ?? '';
}

function isUndecodable(part: string): boolean {
  try {
    decodeURIComponent(part);
    return false;
  } catch {
    return true;
  }
}
