/** What the main thread and the reader's thread say to each other. */
import type { EventFilter, EventQuery, RunCount, RunQuery } from './history.ts';
import type { HistoryPlace } from './place.ts';
import type { EventSketch } from './sql/event_query.ts';
import type { FactPiece, FactPlace } from './sql/fact_query.ts';
import type { RunSketches } from './sql/run_query.ts';
import type { TextPlace } from './sql/stored_text.ts';

export type Search =
  | { readonly of: 'runs'; readonly query: RunQuery }
  | { readonly of: 'runCount'; readonly filter: RunCount }
  | { readonly of: 'events'; readonly query: EventQuery }
  | { readonly of: 'eventCount'; readonly filter: EventFilter }
  | { readonly of: 'facts'; readonly runId: string; readonly place: FactPlace }
  | { readonly of: 'texts'; readonly places: readonly TextPlace[] };

export type Found =
  | { readonly of: 'runs'; readonly page: RunSketches }
  | { readonly of: 'events'; readonly events: readonly EventSketch[] }
  | { readonly of: 'count'; readonly count: number }
  | { readonly of: 'facts'; readonly piece: FactPiece }
  /** Of the first places that were asked for; null for what has gone. */
  | { readonly of: 'texts'; readonly texts: readonly (string | null)[] };

/** Searches are answered in any order; `cancel` is not, and the search it names is not answered any more. */
export type ReaderRequest =
  | { readonly kind: 'open'; readonly place: HistoryPlace }
  | { readonly kind: 'search'; readonly id: number; readonly search: Search }
  | { readonly kind: 'cancel'; readonly id: number }
  | { readonly kind: 'close' };

export type ReaderAnswer =
  | { readonly kind: 'found'; readonly id: number; readonly found: Found }
  | {
      readonly kind: 'failed';
      readonly id: number;
      /** The expression is to blame, not the database. */
      readonly isQueryError: boolean;
      readonly message: string;
    }
  | { readonly kind: 'closed' };
