/**
 * Asks CUE about paths in a document, by an overlay that sets each to a value. One line of the overlay is one path, and
 * the errors that name this line are the answer.
 */
import type { ValuePath } from '../evaluator.ts';
import { moduleFiles } from './cli_module.ts';
import { openForm } from './cli_schema_forms.ts';
import type { CliSession } from './cli_session.ts';
import { type PrintedError, readErrors } from './explain_print.ts';
import type { PreparedDocument } from './prepared_document.ts';

/** Documents hold text, numbers, lists and structs: never bytes. */
export const contradiction = "'nowhere'";

/** Of one run: each of its settings may be told for every field of a function. */
const answersMax = 10_000;

const overlayFile = 'locate-values.cue';

export interface Setting {
  readonly path: ValuePath;
  /** In CUE. */
  readonly value: string;
}

export interface OverlayAnswer {
  readonly errors: readonly PrintedError[];
  /** The errors of one of the settings, by its index. */
  errorsOf(index: number): readonly PrintedError[];
}

export async function setValues(
  session: CliSession,
  { userFile, cliFiles }: PreparedDocument,
  settings: readonly Setting[],
): Promise<OverlayAnswer> {
  const overlay = settings.map((setting) => `${field(setting)}\n`).join('');
  const { stderr } = await session.run({
    // Not the schema, nor what brings it in: its own values would be contradicted too, and its structs are closed.
    files: new Map([
      ...moduleFiles(openForm),
      [userFile, cliFiles.get(userFile) ?? ''],
      [overlayFile, overlay],
    ]),
    argv: ['vet', '--all-errors', userFile, overlayFile],
  });
  const errors = readErrors(stderr, answersMax);
  const byLine = new Map<number, PrintedError[]>();
  for (const error of errors) {
    const lines = error.places.filter(({ file }) => file === overlayFile).map(({ line }) => line);
    for (const line of new Set(lines)) byLine.set(line, [...(byLine.get(line) ?? []), error]);
  }
  return { errors, errorsOf: (index) => byLine.get(index + 1) ?? [] };
}

/** `"function": {"triggers": [_, {"cron": 'nowhere'}, ...]}` */
function field({ path, value }: Setting): string {
  const set = path.slice(1).reduceRight<string>((inner, part) => {
    if (typeof part === 'number') return `[${'_, '.repeat(part)}${inner}, ...]`;
    return `{${JSON.stringify(part)}: ${inner}}`;
  }, value);
  return `${JSON.stringify(String(path[0]))}: ${set}`;
}
