/** What commands write: data to stdout, the rest to stderr. */
import { hasColors } from '../lib/logger.ts';

/** Output that nobody got. */
export class OutputError extends Error {
  readonly code = 'output';
  override readonly name = 'OutputError';
}

type StreamError = Error & { readonly code?: string };

/** Who closed a pipe has read enough: `inngest eval | head -1`. */
const closedCodes: ReadonlySet<string> = new Set(['EPIPE', 'ECONNRESET']);
const reasons: Readonly<Record<string, string>> = {
  ENOSPC: 'no space is left on the device',
  EDQUOT: 'the quota of this user is used up',
  EBADF: 'it is closed',
};

/**
 * Resolves once the text is written: the process ends right after, and a pipe may be slow. Rejects with `OutputError`
 * when it could not be; that a pipe was closed is no error.
 */
export function write(stream: NodeJS.WriteStream, text: string): Promise<void> {
  return new Promise((written, failed) => {
    const end = (error?: StreamError | null): void => {
      if (!error || closedCodes.has(error.code ?? '')) written();
      else failed(lost(error));
    };
    // What it would throw elsewhere has been told here already.
    stream.on('error', end);
    try {
      stream.write(text, end);
    } catch (error) {
      end(error instanceof Error ? error : new Error(String(error)));
    }
  });
}

function lost(error: StreamError): OutputError {
  const reason = reasons[error.code ?? ''] ?? error.message;
  return new OutputError(`the output could not be written: ${reason}`, { cause: error });
}

/** There is no place left to tell that stderr itself is lost. */
export async function writeError(message: string): Promise<void> {
  await write(process.stderr, errorLine(message)).catch(() => undefined);
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
