/** What commands write: data to stdout, the rest to stderr. */
import { hasColors } from '../lib/logger.ts';

/** Resolves once the text is written: the process ends right after, and a pipe may be slow. */
export function write(stream: NodeJS.WriteStream, text: string): Promise<void> {
  return new Promise((written) => void stream.write(text, () => written()));
}

export function writeError(message: string): Promise<void> {
  return write(process.stderr, errorLine(message));
}

/** As stderr gets it, with its line break. */
export function errorLine(message: string): string {
  const label = hasColors(process.stderr, process.env) ? '\x1b[31mError:\x1b[0m' : 'Error:';
  return `${label} ${message}\n`;
}

/** A file's size for people: 12.3 MB. */
export function bytesText(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/** Columns as wide as what is in them; numbers stand on the right. */
export function tableText(rows: readonly (readonly (string | number)[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => String(row[column] ?? '').length)),
  );
  const line = (row: readonly (string | number)[]): string =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return typeof cell === 'number' ? String(cell).padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd();
  return rows.map((row) => `  ${line(row)}\n`).join('');
}
