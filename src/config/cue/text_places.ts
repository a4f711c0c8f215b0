/** Between offsets into a text (UTF-16 units) and places in it (lines, and characters of a line). */
import type { Position } from '../source.ts';

const byteOrderMark = '\uFEFF';
const unitMax = 0xffff;

/** A mark at the start of a file is not a character of its first line: no editor shows it. */
export function withoutMark(text: string): string {
  return text.startsWith(byteOrderMark) ? text.slice(byteOrderMark.length) : text;
}

export function positionAt(text: string, offset: number): Position {
  const before = text.slice(0, Math.max(0, offset));
  const lineStart = before.lastIndexOf('\n') + 1;
  let line = 1;
  for (let at = before.indexOf('\n'); at >= 0; at = before.indexOf('\n', at + 1)) line += 1;
  const inLine = before.slice(lineStart);
  return { line, column: characterCount(lineStart === 0 ? withoutMark(inLine) : inLine) + 1 };
}

/** Null when the text has no such line. A column past the line's end is the line's end. */
export function offsetAt(text: string, { line, column }: Position): number | null {
  const range = lineRange(text, line);
  if (!range) return null;
  const [start, end] = range;
  const from = line === 1 ? text.length - withoutMark(text).length : start;
  let offset = from;
  for (let passed = 1; passed < column && offset < end; passed += 1) {
    offset += isPair(text, offset) ? 2 : 1;
  }
  return Math.min(offset, end);
}

/** Two units of UTF-16 that are one character. */
function isPair(text: string, offset: number): boolean {
  return (text.codePointAt(offset) ?? 0) > unitMax;
}

/** Without an array of them: a document in one line asks for many places in it. */
function characterCount(text: string): number {
  let count = 0;
  for (let offset = 0; offset < text.length; offset += isPair(text, offset) ? 2 : 1) count += 1;
  return count;
}

/** As `offsetAt`, for columns that count bytes of UTF-8, in a text without a byte order mark. */
export function offsetAtBytes(text: string, { line, column }: Position): number | null {
  const range = lineRange(text, line);
  if (!range) return null;
  const [start, end] = range;
  let bytes = 0;
  let offset = start;
  while (offset < end && bytes < column - 1) {
    const code = text.codePointAt(offset) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code <= unitMax ? 3 : 4;
    offset += code > unitMax ? 2 : 1;
  }
  return offset;
}

/** Where a line starts and where it ends, without its line break. */
function lineRange(text: string, line: number): readonly [number, number] | null {
  let start = 0;
  for (let passed = 1; passed < line; passed += 1) {
    const end = text.indexOf('\n', start);
    if (end < 0) return null;
    start = end + 1;
  }
  const end = text.indexOf('\n', start);
  return [start, end < 0 ? text.length : end];
}
