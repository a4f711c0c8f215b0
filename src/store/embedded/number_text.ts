/** Numbers as Redis reads and prints them. Integers are exact up to 2^53, as they are in Lua. */
import { CommandError, notAFloat, notAnInteger } from './reply.ts';

const integerText = /^-?(?:0|[1-9]\d{0,18})$/;
const floatText = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const infinityText = /^([+-]?)inf(?:inity)?$/i;

export function parseInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || !integerText.test(text)) throw notAnInteger();
  return value;
}

export function parseFloatText(text: string, refuse: () => CommandError = notAFloat): number {
  if (floatText.test(text)) return Number(text);
  const infinity = infinityText.exec(text);
  if (!infinity) throw refuse();
  return infinity[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

/** A Lua number given as a command argument: integers plainly, the rest with 17 digits (%.17g). */
export function luaNumberText(value: number): string {
  if (Number.isSafeInteger(value)) return String(value);
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  const [mantissa = '', exponent] = value.toPrecision(17).split('e');
  const digits = mantissa.includes('.') ? mantissa.replace(/\.?0+$/, '') : mantissa;
  if (exponent === undefined) return placedAsC(value, digits);
  const size = exponent.slice(1).padStart(2, '0');
  return `${digits}e${exponent.startsWith('-') ? '-' : '+'}${size}`;
}

/** JavaScript leaves exponents out down to 1e-6 (inclusive), C only down to 1e-4. */
function placedAsC(value: number, digits: string): string {
  if (Math.abs(value) >= 1e-4 || value === 0) return digits;
  const [mantissa = '', exponent = ''] = value.toExponential(16).split('e');
  return `${mantissa.replace(/\.?0+$/, '')}e-${exponent.slice(1).padStart(2, '0')}`;
}

/** A sorted set's score: the shortest text that reads back as the same number. */
export function scoreText(score: number): string {
  if (Number.isFinite(score)) return String(score);
  return score > 0 ? 'inf' : '-inf';
}

/** Redis adds in 80-bit floats and prints 17 decimals; 15 digits of a double agree with that. */
export function floatSumText(left: number, right: number): string {
  const sum = left + right;
  if (!Number.isFinite(sum)) throw new CommandError('ERR increment would produce NaN or Infinity');
  if (Number.isSafeInteger(sum)) return String(sum);
  const text = String(Number(sum.toPrecision(15)));
  return text.includes('e') ? expandExponent(sum) : text;
}

/** Redis never prints these sums with an exponent. */
function expandExponent(sum: number): string {
  if (Math.abs(sum) >= 1) return BigInt(sum).toString();
  return sum.toFixed(17).replace(/\.?0+$/, '');
}

export function addIntegers(left: number, right: number): number {
  const sum = left + right;
  if (!Number.isSafeInteger(sum)) {
    throw new CommandError('ERR increment or decrement would overflow');
  }
  return sum;
}
