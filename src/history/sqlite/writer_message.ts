/** What the main thread and the writer's thread say to each other. */
import type { FactRejection } from '../history_error.ts';

/**
 * FULL puts every batch on disk before it is answered: the outbox forgets facts on that answer, so with less
 * a power cut would lose them for good. OFF is for a database that nobody opens again.
 */
export type Synchronous = 'FULL' | 'OFF';

/** Answered in the order they were asked, one answer each. */
export type WriterRequest =
  | { readonly kind: 'open'; readonly path: string; readonly synchronous: Synchronous }
  | { readonly kind: 'record'; readonly facts: readonly string[] }
  | { readonly kind: 'close' };

export type WriterAnswer =
  | { readonly kind: 'done'; readonly rejections: readonly FactRejection[] }
  | { readonly kind: 'failed'; readonly message: string };
