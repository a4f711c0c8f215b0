/** The value of X-Inngest-SDK: `inngest-js:v4.18.1`, `go:v0.16.0`, `inngest-py:v0.5.0`. */

/**
 * Whether this SDK meant "do not retry" with a 4xx before it could say so in a header: JS v1 below 1.10.1 and
 * v2 below 2.4.1 (reference/sdk-http-protocol.md §3.3).
 */
export function isFinal4xx(sdk: string): boolean {
  const match = /^(?:inngest-)?js:v(\d+)\.(\d+)\.(\d+)/.exec(sdk);
  if (!match) return false;
  const [major = 0, minor = 0, patch = 0] = match.slice(1).map(Number);
  if (major === 1) return minor < 10 || (minor === 10 && patch < 1);
  if (major === 2) return minor < 4 || (minor === 4 && patch < 1);
  return false;
}
