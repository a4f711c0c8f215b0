/** The URL of a step. */
import { quote } from '../../function/validation.ts';

/** UTF-16 units. Longer ones are refused by most servers. */
export const urlCharsMax = 8_192;

/** Why steps cannot be called at a URL, or null. Sockets are for workers, which steps of documents are not. */
export function stepUrlProblem(text: string): string | null {
  if (text.length > urlCharsMax) {
    return `a URL has at most ${urlCharsMax} characters; this one has ${text.length}`;
  }
  const url = URL.parse(text);
  const advice = 'write for example "https://example.com/step"';
  if (url === null) return `invalid URL ${quote(text)}; ${advice}`;
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    return `unsupported scheme in ${quote(text)}: ${quote(url.protocol.slice(0, -1))} is neither http nor https`;
  }
  // The parser mends what has no slashes or too few of them.
  return /^https?:\/\//i.test(text) ? null : `invalid URL ${quote(text)}; ${advice}`;
}
