/**
 * INCRBYFLOAT and HINCRBYFLOAT: Redis adds in floats with a mantissa of 64 bits and prints 17 decimals. Done here with
 * integers, so that the digits are the same.
 */
import { readHex } from './number_text.ts';
import { CommandError, notAFloat } from './reply.ts';

/** mantissa × 2^exponent; the mantissa has at most 64 bits and the sign. */
interface LongDouble {
  readonly mantissa: bigint;
  readonly exponent: number;
}

type Extended = LongDouble | 'infinite';

const mantissaBits = 64;
const exponentMin = -16_445;
/** The exponent of a full mantissa at most. */
const exponentMax = 16_320;
/** Beyond this a decimal exponent is out of range, whatever its digits. */
const decimalExponentMax = 5_000;
const charsMax = 5_119;
const decimals = 17;

const decimalText = /^([+-]?)(?=\d|\.\d)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/;
const infinityText = /^[+-]?inf(?:inity)?$/i;

/**
 * The text of the sum. `refuse` says what to throw for a left side that is no number; an infinite right side is refused with
 * `refuseInfinite` when it is given.
 */
export function floatSumText(
  left: string,
  right: string,
  refuse: () => CommandError = notAFloat,
): string {
  const sum = add(parse(left, refuse), parse(right, notAFloat));
  if (sum === 'infinite') {
    throw new CommandError('ERR increment would produce NaN or Infinity');
  }
  return print(sum);
}

/** Throws unless the text is a number. */
export function isInfiniteText(text: string): boolean {
  return parse(text, notAFloat) === 'infinite';
}

function parse(text: string, refuse: () => CommandError): Extended {
  if (text.length > charsMax) throw refuse();
  if (infinityText.test(text)) return 'infinite';
  const value = parseHex(text) ?? parseDecimal(text);
  // Too large, or so small that nothing is left of it.
  if (value === undefined || value === 'infinite') throw refuse();
  return value;
}

function parseHex(text: string): Extended | undefined {
  const hex = readHex(text);
  if (hex === undefined) return undefined;
  const digits = hex.sign === '-' ? -hex.digits : hex.digits;
  if (digits === 0n) return { mantissa: 0n, exponent: 0 };
  if (Math.abs(hex.exponent) > 4 * decimalExponentMax) return 'infinite';
  return nonZero(round(digits, 1n, hex.exponent));
}

function parseDecimal(text: string): Extended | undefined {
  const found = decimalText.exec(text);
  if (!found) return undefined;
  const [, sign, whole = '', fraction = '', power = '0'] = found;
  const digits = BigInt(`${whole}${fraction}`);
  if (digits === 0n) return { mantissa: 0n, exponent: 0 };
  const exponent = Number(power) - fraction.length;
  if (Math.abs(exponent) > decimalExponentMax + text.length) return 'infinite';
  const value = sign === '-' ? -digits : digits;
  return nonZero(
    exponent >= 0
      ? round(value * 10n ** BigInt(exponent), 1n, 0)
      : round(value, 10n ** BigInt(-exponent), 0),
  );
}

const nonZero = (value: Extended): Extended | undefined =>
  value !== 'infinite' && value.mantissa === 0n ? undefined : value;

function add(left: Extended, right: Extended): Extended {
  if (left === 'infinite' || right === 'infinite') return 'infinite';
  const exponent = Math.min(left.exponent, right.exponent);
  const aligned = ({ mantissa, exponent: own }: LongDouble): bigint =>
    mantissa << BigInt(own - exponent);
  return round(aligned(left) + aligned(right), 1n, exponent);
}

/** (numerator / denominator) × 2^exponent, rounded to the nearest; to the even one of two. */
function round(numerator: bigint, denominator: bigint, exponent: number): Extended {
  if (numerator === 0n) return { mantissa: 0n, exponent: 0 };
  const size = numerator < 0n ? -numerator : numerator;
  // So many bits to the left and the quotient has 64 or 65 bits.
  let shift = mantissaBits - (bitLength(size) - bitLength(denominator));
  if (shiftedQuotient(size, denominator, shift) >> BigInt(mantissaBits) > 0n) shift -= 1;
  shift = Math.min(shift, exponent - exponentMin);
  const mantissa = shiftedQuotient(size, denominator, shift, true);
  const value = { mantissa: numerator < 0n ? -mantissa : mantissa, exponent: exponent - shift };
  return value.exponent > exponentMax ? 'infinite' : value;
}

function shiftedQuotient(
  size: bigint,
  denominator: bigint,
  shift: number,
  isRounded = false,
): bigint {
  const top = shift > 0 ? size << BigInt(shift) : size;
  const bottom = shift < 0 ? denominator << BigInt(-shift) : denominator;
  return isRounded ? roundedQuotient(top, bottom) : top / bottom;
}

function roundedQuotient(top: bigint, bottom: bigint): bigint {
  const quotient = top / bottom;
  const rest = (top % bottom) * 2n;
  const isUp = rest > bottom || (rest === bottom && quotient % 2n === 1n);
  return isUp ? quotient + 1n : quotient;
}

const bitLength = (value: bigint): number => value.toString(2).length;

/** As C's %.17Lf, without zeros at the end. */
function print({ mantissa, exponent }: LongDouble): string {
  const size = mantissa < 0n ? -mantissa : mantissa;
  const scaled = size * 10n ** BigInt(decimals);
  const value =
    exponent >= 0 ? scaled << BigInt(exponent) : roundedQuotient(scaled, 1n << BigInt(-exponent));
  if (value === 0n) return '0';
  const digits = value.toString().padStart(decimals + 1, '0');
  const text = `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`.replace(/\.?0+$/, '');
  return mantissa < 0n ? `-${text}` : text;
}
