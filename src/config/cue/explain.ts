/**
 * Says everything that is wrong with documents that CUE refuses, and where their values stand. Slow, and only for
 * documents that somebody has to mend: `cue-wasm` accepts documents faster, but names one error, without a place.
 */
import type { ValuePath } from '../evaluator.ts';
import type { Position } from '../source.ts';
import { pathText } from '../value_path.ts';
import { CliError, type CliLimits, CliSession } from './cli_session.ts';
import { errorsOf } from './explain_errors.ts';
import { locateIn } from './explain_locate.ts';
import { positionsOf } from './explain_place.ts';
import type { PrintedError } from './explain_print.ts';
import { worded } from './explain_wording.ts';
import type { PreparedDocument } from './prepared_document.ts';

export interface ExplainedError {
  /** `function.triggers[0].cron`; '' for the document as a whole. */
  readonly path: string;
  readonly message: string;
  /** In the document's `source.text`, the most useful first. */
  readonly positions: readonly Position[];
}

/**
 * The errors of each document, in the order given; none for a document that the command line accepts. The time is each
 * document's own. A document that takes too much has this as its error. Rejects with the signal's reason only.
 */
export async function explainDocuments(
  documents: readonly PreparedDocument[],
  limits: CliLimits,
  signal?: AbortSignal,
): Promise<readonly (readonly ExplainedError[])[]> {
  const session = new CliSession(limits, signal);
  try {
    const explained: (readonly ExplainedError[])[] = [];
    for (const document of documents) {
      session.renew();
      explained.push(await explain(session, document));
    }
    return explained;
  } finally {
    session.close();
  }
}

/**
 * Where the values at `paths` stand; for a path that leads nowhere, the longest part of it that leads somewhere. Null
 * where that is nothing, or could not be found within the limits.
 */
export async function locateValues(
  document: PreparedDocument,
  paths: readonly ValuePath[],
  limits: CliLimits,
  signal?: AbortSignal,
): Promise<readonly (Position | null)[]> {
  if (paths.length === 0) return [];
  const session = new CliSession(limits, signal);
  try {
    return await locateWithin(session, document, paths);
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
  const explained = errors.map(({ path, message, places }) => ({
    valuePath: path,
    path: pathText(path),
    message: worded(document, message),
    positions: positionsOf(document, places),
  }));
  const homeless = explained.filter(({ positions }) => positions.length === 0);
  const paths = homeless.map(({ valuePath }) => valuePath);
  const positions = paths.length === 0 ? [] : await locateWithin(session, document, paths);
  homeless.forEach((error, index) => {
    const position = positions[index];
    if (position) error.positions = [position];
  });
  explained.sort((a, b) => order(a.positions[0], b.positions[0]));
  return explained.map(({ path, message, positions }) => ({ path, message, positions }));
}

/** As they are read; those that stand nowhere come last. */
function order(a: Position | undefined, b: Position | undefined): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
  return a.line - b.line || a.column - b.column;
}

/** Errors without places are better than no errors. */
async function locateWithin(
  session: CliSession,
  document: PreparedDocument,
  paths: readonly ValuePath[],
): Promise<readonly (Position | null)[]> {
  try {
    return await locateIn(session, document, paths);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return paths.map(() => null);
  }
}
