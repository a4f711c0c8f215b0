/**
 * The searches of one request: one after another, so that a request has one turn in the reader like any other, only
 * a few of them, and none for a client that has left.
 */
import type { EventFilter, History, RunFilter } from '../../history/history.ts';
import { FieldError } from './field_error.ts';

/** Those with an expression, which look at every payload. */
export const searchesMax = 5;
/** Lists and counts in all. */
export const listsMax = 40;

export type Searches = Pick<History, 'events' | 'countEvents' | 'runs' | 'countRuns'>;

/** What they throw beside the errors of history: `FieldError` when there are too many. */
export function searchesOf(history: Searches, signal: AbortSignal): Searches {
  let lists = 0;
  let searches = 0;
  let last: Promise<unknown> = Promise.resolve();
  const count = ({ query }: EventFilter | RunFilter): void => {
    lists += 1;
    if (query !== undefined) searches += 1;
    if (searches > searchesMax) throw tooMany(`${searchesMax} searches with an expression`);
    if (lists > listsMax) throw tooMany(`${listsMax} lists and counts`);
  };
  const inTurn =
    <Q extends EventFilter | RunFilter, R>(read: (query: Q, signal: AbortSignal) => Promise<R>) =>
    async (query: Q): Promise<R> => {
      count(query);
      const turn = last.then(() => read(query, signal));
      last = turn.catch(() => undefined);
      return turn;
    };
  return {
    events: inTurn((query, given) => history.events(query, given)),
    countEvents: inTurn((filter, given) => history.countEvents(filter, given)),
    runs: inTurn((query, given) => history.runs(query, given)),
    countRuns: inTurn((filter, given) => history.countRuns(filter, given)),
  };
}

function tooMany(what: string): FieldError {
  return new FieldError(
    `the operation has more than ${what}; send several operations`,
    'too_many_searches',
  );
}
