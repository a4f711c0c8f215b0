/**
 * The bytes that a literal such as `b'\xff é'` means: characters are UTF-8, and escapes are single bytes.
 */

import { SyntaxProblem } from './syntax_problem.ts';

const escaped: ReadonlyMap<string, string> = new Map([
  ['a', '\x07'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
]);

/** `body` is what stands between the quotes, from the offset `start`. Throws `SyntaxProblem`. */
export function bytesOfLiteral(body: string, isRaw: boolean, start: number): Uint8Array {
  if (isRaw) return new TextEncoder().encode(body);
  const parts: Uint8Array[] = [];
  const part = /[^\\]+|\\(?:[xX]([0-9a-fA-F]{2})|([0-3][0-7]{2})|([\\?"'`abfnrtv]))/y;
  while (part.lastIndex < body.length) {
    const at = start + part.lastIndex;
    const match = part.exec(body);
    if (match === null) throw new SyntaxProblem('invalid escape in bytes', at);
    const [whole, hex, octal, char] = match;
    if (hex !== undefined) parts.push(Uint8Array.of(Number.parseInt(hex, 16)));
    else if (octal !== undefined) parts.push(Uint8Array.of(Number.parseInt(octal, 8)));
    else
      parts.push(
        new TextEncoder().encode(char === undefined ? whole : (escaped.get(char) ?? char)),
      );
  }
  return new Uint8Array(Buffer.concat(parts));
}
