/** Where a history database is, as one thread tells another. */

/**
 * FULL puts every batch on disk before it is answered: the outbox forgets facts on that answer, so with less
 * a power cut would lose them for good. OFF is for a database that nobody opens again.
 */
export type Synchronous = 'FULL' | 'OFF';

export type HistoryPlace =
  | { readonly kind: 'sqlite'; readonly path: string; readonly synchronous: Synchronous }
  | { readonly kind: 'postgres'; readonly uri: string };
