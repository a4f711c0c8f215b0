/**
 * Numbers as Redis reads and prints them. Integers have 64 bits; as positions and counts they are used as doubles, which
 * makes no difference there.
 */
import { CommandError, notAFloat, notAnInteger } from './reply.ts';

const integerText = /^(?:0|-?[1-9]\d{0,18})$/;
const decimalText = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const hexText =
  /^([+-]?)0[xX](?=[\da-fA-F]|\.[\da-fA-F])([\da-fA-F]*)\.?([\da-fA-F]*)(?:[pP]([+-]?\d+))?$/;
const infinityText = /^([+-]?)inf(?:inity)?$/i;
const nonZeroDigit = /^[^eE]*[1-9]/;

const integerMax = 2n ** 63n - 1n;
const integerMin = -(2n ** 63n);

export function parseInteger(text: string, refuse: () => CommandError = notAnInteger): number {
  const value = Number(text);
  if (!integerText.test(text)) throw refuse();
  if (!Number.isSafeInteger(value)) parseWideInteger(text, refuse);
  return value;
}

export function parseWideInteger(text: string, refuse: () => CommandError = notAnInteger): bigint {
  if (!integerText.test(text)) throw refuse();
  const value = BigInt(text);
  if (!fitsInteger(value)) throw refuse();
  return value;
}

export function fitsInteger(value: bigint): boolean {
  return value >= integerMin && value <= integerMax;
}

/** How many elements to take. */
export function parseCount(text: string): number {
  const refuse = (): CommandError =>
    new CommandError('ERR value is out of range, must be positive');
  const count = parseInteger(text, refuse);
  if (count < 0) throw refuse();
  return count;
}

/** The sum of two integers, as what is stored and as what the script gets. */
export function sumOf(left: string, by: string, refuse?: () => CommandError): IntegerSum {
  const [start, step] = [parseInteger(left, refuse), parseInteger(by)];
  const sum = start + step;
  const isExact = Number.isSafeInteger(start) && Number.isSafeInteger(step);
  if (isExact && Number.isSafeInteger(sum)) return { text: `${sum}`, value: sum };
  const exact = BigInt(left) + BigInt(by);
  if (!fitsInteger(exact)) throw new CommandError('ERR increment or decrement would overflow');
  return { text: exact.toString(), value: Number(exact) };
}

export interface IntegerSum {
  readonly text: string;
  readonly value: number;
}

/** A score. What is too large or too small for a double is refused, as C's strtod reports it. */
export function parseFloatText(text: string, refuse: () => CommandError = notAFloat): number {
  const whole = readDigits(text);
  if (whole !== undefined) return whole;
  const value = readFloat(text);
  if (value === undefined) throw refuse();
  const isOutOfRange = Number.isFinite(value)
    ? value === 0 && decimalText.test(text) && nonZeroDigit.test(text)
    : !infinityText.test(text);
  if (isOutOfRange) throw refuse();
  return value;
}

/** An end of a score range, read more generously: spaces may come first, nothing at all is 0. */
export function parseBoundText(text: string, refuse: () => CommandError): number {
  if (text === '') return 0;
  const value = readFloat(text.replace(/^[ \t\n\v\f\r]+/, ''));
  if (value === undefined) throw refuse();
  return value;
}

/** Any number of this many digits is exact. */
const exactDigitsMax = 15;
const digit0 = 48;

/** A text of a few digits and nothing else, as nearly all scores are, read without regular expressions. */
function readDigits(text: string): number | undefined {
  const { length } = text;
  if (length === 0 || length > exactDigitsMax) return undefined;
  let value = 0;
  for (let at = 0; at < length; at += 1) {
    const digit = text.charCodeAt(at) - digit0;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return value;
}

/** The number that a text is as a whole, or undefined. */
function readFloat(text: string): number | undefined {
  if (decimalText.test(text)) return Number(text);
  const infinity = infinityText.exec(text);
  if (infinity) return signed(infinity[1], Number.POSITIVE_INFINITY);
  const hex = readHex(text);
  if (hex === undefined) return undefined;
  return signed(hex.sign, Number(hex.digits) * 2 ** hex.exponent);
}

const signed = (sign: string | undefined, value: number): number => (sign === '-' ? -value : value);

/** C reads hexadecimal numbers, too: digits times two to the power of the exponent. */
export function readHex(
  text: string,
): { readonly sign: string; readonly digits: bigint; readonly exponent: number } | undefined {
  const found = hexText.exec(text);
  if (!found) return undefined;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = found;
  return {
    sign,
    digits: BigInt(`0x${whole}${fraction}`),
    exponent: Number(exponent) - 4 * fraction.length,
  };
}

/** A Lua number given as a command argument: 17 digits, as C's %.17g prints them. */
export function luaNumberText(value: number): string {
  if (Number.isSafeInteger(value)) return value === 0 && 1 / value < 0 ? '-0' : `${value}`;
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  const [mantissa = '', exponent] = seventeenDigits((digits) => value.toPrecision(digits)).split(
    'e',
  );
  const digits = mantissa.includes('.') ? mantissa.replace(/\.?0+$/, '') : mantissa;
  if (exponent === undefined) return placedAsC(value, digits);
  const size = exponent.slice(1).padStart(2, '0');
  return `${digits}e${exponent.startsWith('-') ? '-' : '+'}${size}`;
}

/** Of two neighbours that are equally near, C takes the even one where JavaScript takes the larger. */
function seventeenDigits(print: (digits: number) => string): string {
  const usual = print(17);
  const isHalf = /^[^e]*5(?:e|$)/.test(print(18)) && /^[^e]*50{12}(?:e|$)/.test(print(30));
  if (!isHalf) return usual;
  return usual.replace(/[13579](?=e|$)/, (odd) => String(Number(odd) - 1));
}

/** JavaScript leaves exponents out down to 1e-6 (inclusive), C only down to 1e-4. */
function placedAsC(value: number, digits: string): string {
  if (Math.abs(value) >= 1e-4 || value === 0) return digits;
  const [mantissa = '', exponent = ''] = seventeenDigits((digits) =>
    value.toExponential(digits - 1),
  ).split('e');
  return `${mantissa.replace(/\.?0+$/, '')}e-${exponent.slice(1).padStart(2, '0')}`;
}

/** A sorted set's score, as Redis 7.0 prints it; later ones print the shortest text that reads back as the same number. */
export function scoreText(score: number): string {
  // Without the sign of a zero.
  return luaNumberText(score + 0);
}
