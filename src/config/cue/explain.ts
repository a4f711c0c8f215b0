/**
 * Says everything that is wrong with documents that CUE refuses, and where their values stand. Slow, and only for
 * documents that somebody has to mend: `cue-wasm` accepts documents faster, but names one error, without a place.
 */
import type { Places, ValuePath } from '../evaluator.ts';
import { withoutValues } from '../inserted_values.ts';
import type { Position } from '../source.ts';
import { pathText } from '../value_path.ts';
import { CliError, type CliLimits, CliSession } from './cli_session.ts';
import { advised } from './explain_advice.ts';
import { errorsOf } from './explain_errors.ts';
import { locateIn } from './explain_locate.ts';
import { positionsOf } from './explain_place.ts';
import type { PrintedError } from './explain_print.ts';
import { syntaxMessage, syntaxPosition } from './explain_syntax_advice.ts';
import { worded } from './explain_wording.ts';
import type { PreparedDocument } from './prepared_document.ts';

export interface ExplainedError {
  /** `function.triggers[0].cron`; '' for the document as a whole. */
  readonly path: string;
  readonly message: string;
  /** In the document's `source.text`, the most useful first. */
  readonly positions: readonly Position[];
}

/** What all documents together may take, as a multiple of what one may, before the next is not begun. */
const roundFactor = 2;

/**
 * The errors of each document, in the order given; none for a document that the command line accepts. Finding the errors
 * of a document has the whole time, and so has finding the places of those that have none. A document that takes too
 * much has this as its error. When all of them take too much there is nothing for the last ones. Rejects with the
 * signal's reason only.
 */
export async function explainDocuments(
  documents: readonly PreparedDocument[],
  limits: CliLimits,
  signal?: AbortSignal,
): Promise<readonly (readonly ExplainedError[])[]> {
  const session = new CliSession(limits, signal);
  try {
    const explained: (readonly ExplainedError[])[] = [];
    const startedMs = performance.now();
    for (const document of documents) {
      if (performance.now() - startedMs > roundFactor * limits.wallMs) break;
      session.renew();
      explained.push(await explain(session, document));
    }
    return explained;
  } finally {
    session.close();
  }
}

export interface DocumentPaths {
  readonly document: PreparedDocument;
  readonly paths: readonly ValuePath[];
}

/**
 * Where the values at `paths` stand; for a path that leads nowhere, the longest part of it that leads somewhere. Null
 * where that is nothing, and for a document that was not looked through within the limits, which are those of all
 * documents together. Rejects with the signal's reason only.
 */
export async function locateValues(
  requests: readonly DocumentPaths[],
  limits: CliLimits,
  signal?: AbortSignal,
): Promise<readonly (Places | null)[]> {
  const session = new CliSession(limits, signal);
  try {
    const located: (Places | null)[] = [];
    for (const { document, paths } of requests) {
      located.push(paths.length === 0 ? [] : await locateWithin(session, document, paths));
    }
    return located;
  } finally {
    session.close();
  }
}

async function explain(
  session: CliSession,
  document: PreparedDocument,
): Promise<readonly ExplainedError[]> {
  try {
    return await placed(session, document, await errorsOf(session, document));
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return [{ path: '', message: error.message, positions: [] }];
  }
}

/** Values that are missing stand nowhere: the error is where they should be. */
async function placed(
  session: CliSession,
  document: PreparedDocument,
  errors: readonly PrintedError[],
): Promise<ExplainedError[]> {
  const explained = errors.map((error) => ({
    valuePath: error.path,
    path: pathText(error.path),
    ...told(document, error),
  }));
  const homeless = explained.filter(({ positions }) => positions.length === 0);
  const paths = homeless.map(({ valuePath }) => valuePath);
  // A busy machine may have needed all of its time to find the errors; without places they are half as useful.
  session.renew();
  const positions = paths.length === 0 ? [] : await locateWithin(session, document, paths);
  if (positions === null) return sorted(explained);
  homeless.forEach((error, index) => {
    const position = positions[index];
    if (position) error.positions = [position];
  });
  return sorted(explained);
}

/** As they are read; those that stand nowhere come last. */
function sorted(explained: readonly ExplainedError[]): ExplainedError[] {
  return explained
    .toSorted((a, b) => order(a.positions[0], b.positions[0]))
    .map(({ path, message, positions }) => ({ path, message, positions }));
}

function told(document: PreparedDocument, { path, message, places }: PrintedError) {
  const { source } = document;
  const [first, ...others] = positionsOf(document, places);
  const position = syntaxPosition(source, message, first);
  const words = worded(document, syntaxMessage(source, message, first));
  const text = advised(source, { path, message: words, position: first });
  return {
    message: withoutValues(text, source),
    positions: position ? [position, ...others] : others,
  };
}

function order(a: Position | undefined, b: Position | undefined): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
  return a.line - b.line || a.column - b.column;
}

/** Errors without places are better than no errors. */
async function locateWithin(
  session: CliSession,
  document: PreparedDocument,
  paths: readonly ValuePath[],
): Promise<Places | null> {
  try {
    return await locateIn(session, document, paths);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return null;
  }
}
