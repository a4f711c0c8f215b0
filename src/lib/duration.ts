/**
 * Duration text: Go's grammar plus days and weeks (sdk-http-protocol.md §1.7.5).
 */

const nanosPerMs = 1_000_000n;

/** Nanoseconds per unit. Both spellings of micro (U+00B5, U+03BC) are in use. */
const goUnits: ReadonlyMap<string, bigint> = new Map([
  ['ns', 1n],
  ['us', 1_000n],
  ['\u00b5s', 1_000n],
  ['\u03bcs', 1_000n],
  ['ms', nanosPerMs],
  ['s', 1_000n * nanosPerMs],
  ['m', 60_000n * nanosPerMs],
  ['h', 3_600_000n * nanosPerMs],
]);

const allUnits: ReadonlyMap<string, bigint> = new Map([
  ...goUnits,
  ['d', 86_400_000n * nanosPerMs],
  ['w', 604_800_000n * nanosPerMs],
]);

/** A duration is a signed 64-bit count of nanoseconds, about 292 years. */
const nanosMax = 2n ** 63n - 1n;
const nanosMin = -(2n ** 63n);

/** Longer text is never a duration someone meant, and digits beyond this only cost time. */
const durationCharsMax = 256;

/** Digits of a fraction that can still reach a nanosecond of a week. */
const fractionDigitsMax = 18;

/** Milliseconds, possibly fractional (nanoseconds are kept while they fit a double), or null. */
export function parseDuration(text: string): number | null {
  return toMs(parseDurationNanos(text));
}

/** As `parseDuration`, but without `d` and `w`: the batch timeout grammar (execution.md §2.2). */
export function parseGoDuration(text: string): number | null {
  return toMs(parseNanos(text, goUnits));
}

/** The exact value in nanoseconds, or null when `text` is not a duration. */
export function parseDurationNanos(text: string): bigint | null {
  return parseNanos(text, allUnits);
}

/** The shortest compound text that `parseDuration` reads back: `1d2h`, `1s500ms`, `0s`. */
export function formatDuration(durationMs: number): string {
  if (!Number.isFinite(durationMs)) throw new RangeError(`not a duration: ${durationMs} ms`);
  const wholeMs = Math.trunc(durationMs);
  const nanos = BigInt(wholeMs) * nanosPerMs + BigInt(Math.round((durationMs - wholeMs) * 1e6));
  if (nanos === 0n) return '0s';
  let rest = nanos < 0n ? -nanos : nanos;
  let text = nanos < 0n ? '-' : '';
  for (const unit of ['w', 'd', 'h', 'm', 's', 'ms', 'us', 'ns']) {
    const size = allUnits.get(unit) ?? 1n;
    if (rest >= size) text += `${rest / size}${unit}`;
    rest %= size;
  }
  return text;
}

function toMs(nanos: bigint | null): number | null {
  if (nanos === null) return null;
  return Number(nanos / nanosPerMs) + Number(nanos % nanosPerMs) / 1e6;
}

function parseNanos(text: string, units: ReadonlyMap<string, bigint>): bigint | null {
  if (text.length > durationCharsMax) return null;
  const negative = text.startsWith('-');
  const unsigned = negative || text.startsWith('+') ? text.slice(1) : text;
  // Go accepts a bare zero, and only zero, without a unit.
  if (unsigned === '0') return 0n;
  const part = /(\d*)(?:\.(\d*))?(ns|us|\u00b5s|\u03bcs|ms|s|m|h|d|w)/y;
  let total = 0n;
  while (part.lastIndex < unsigned.length) {
    const match = part.exec(unsigned);
    if (match === null) return null;
    const [, whole = '', fraction = '', unit = ''] = match;
    const size = units.get(unit);
    if (size === undefined || whole + fraction === '') return null;
    total += BigInt(whole || '0') * size + fractionOf(fraction, size);
  }
  if (unsigned === '') return null;
  const nanos = negative ? -total : total;
  return nanos > nanosMax || nanos < nanosMin ? null : nanos;
}

function fractionOf(digits: string, size: bigint): bigint {
  const kept = digits.slice(0, fractionDigitsMax);
  return kept === '' ? 0n : (BigInt(kept) * size) / 10n ** BigInt(kept.length);
}
