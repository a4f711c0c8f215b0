/** How recording and reading history fail. */

/** The history database is away (disk full, locked, closed). Nothing was recorded; the work can be tried again. */
export class HistoryUnavailableError extends Error {
  readonly code: string = 'history_unavailable';
  override readonly name: string = 'HistoryUnavailableError';
}

/** So much is being searched that one more search has no room; the same search can be tried again. */
export class HistoryBusyError extends HistoryUnavailableError {
  override readonly code = 'busy';
  override readonly name = 'HistoryBusyError';
}

/**
 * Some facts of a batch cannot be understood, now or later: a bug in the script that wrote them, or a server
 * older than its data. The other facts of the batch are on disk.
 */
export class FactsRejectedError extends Error {
  readonly code = 'facts_rejected';
  override readonly name = 'FactsRejectedError';
  constructor(readonly rejections: readonly FactRejection[]) {
    super(
      `history left out ${rejections.length} facts that it cannot read: ${rejections[0]?.reason ?? ''}`,
    );
  }
}

export interface FactRejection {
  /** Place in the batch. */
  readonly index: number;
  readonly reason: string;
}

/** A search expression that cannot be used; the message says why, in the words of graphql.md §7.3. */
export class QueryError extends Error {
  readonly code = 'invalid_query';
  override readonly name = 'QueryError';
}
