/** What several tests of /v2 say. */
import type { Answer } from '../door.ts';

export function errors(...pairs: readonly (readonly [code: string, message: string])[]): object {
  return { errors: pairs.map(([code, message]) => ({ code, message })) };
}

export function refusalOf({ status, json }: Answer): readonly [number, unknown] {
  return [status, json()];
}
