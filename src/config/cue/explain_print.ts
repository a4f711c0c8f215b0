/** Reads what the CUE command line prints about a document: `path: message:` and below it the places that contribute. */
import type { ValuePath } from '../evaluator.ts';

/** As CUE counts: lines and columns from 1, columns in bytes. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface PrintedError {
  readonly path: ValuePath;
  readonly message: string;
  readonly places: readonly Place[];
}

/** Of one document; a person mends the first few. */
const errorsMax = 1_000;

const placeLine = /^ +(?:\.\/)?(\S.*):(\d+):(\d+)$/;
const label = String.raw`(?:[\p{L}_#$@][\p{L}\p{N}_#$]*|"(?:[^"\\]|\\.)*"|\d+)`;
const headLine = new RegExp(String.raw`^(${label}(?:\.${label})*): (?=.)`, 'u');
const labels = new RegExp(label, 'gu');

export function readErrors(printed: string, countMax = errorsMax): PrintedError[] {
  const errors: (PrintedError & { readonly places: Place[] })[] = [];
  for (const line of printed.split('\n')) {
    const [, file, lineNumber, column] = placeLine.exec(line) ?? [];
    const last = errors.at(-1);
    if (file !== undefined && last !== undefined) {
      last.places.push({ file, line: Number(lineNumber), column: Number(column) });
    } else if (line.trim() !== '' && errors.length < countMax) {
      errors.push({ ...headOf(line.trim()), places: [] });
    }
  }
  return errors;
}

function headOf(line: string): Pick<PrintedError, 'path' | 'message'> {
  const [head = '', path = ''] = headLine.exec(line) ?? [];
  return { path: pathOf(path), message: line.slice(head.length).replace(/:$/, '') };
}

/** CUE quotes what is no identifier, so that bare digits are an index. */
function pathOf(text: string): ValuePath {
  return (text.match(labels) ?? []).map((part) => {
    if (part.startsWith('"')) return unquoted(part);
    return /^\d+$/.test(part) ? Number(part) : part;
  });
}

function unquoted(part: string): string {
  try {
    return String(JSON.parse(part));
  } catch {
    // An escape that only CUE knows: shown as CUE wrote it.
    return part.slice(1, -1);
  }
}
