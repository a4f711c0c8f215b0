/** Lists and counts: those that indexes answer, and those for which an expression has to look at every payload. */
import type { Found, Search } from '../reader_message.ts';
import { countEventRows, readEvents } from './event_query.ts';
import { countMatchingEvents, searchEvents } from './event_scan.ts';
import { readFactPiece } from './fact_query.ts';
import { countRunRows, readRunPage } from './run_list.ts';
import { type Breath, countMatchingRuns, searchRuns } from './run_scan.ts';
import type { SqlSource } from './source.ts';
import { readTextPiece } from './stored_text.ts';

/** Whether payloads have to be looked at. */
export function hasExpression({ query }: { readonly query?: string }): boolean {
  return query !== undefined && query.trim() !== '';
}

/** Throws `QueryError` when the expression is not one, and whatever `breath` throws. */
export async function find(db: SqlSource, search: Search, breath: Breath): Promise<Found> {
  switch (search.of) {
    case 'runs': {
      const { query } = search;
      if (!hasExpression(query)) return { of: 'runs', page: await readRunPage(db, query) };
      return { of: 'runs', page: await searchRuns(db, query, await runSearch(query), breath) };
    }
    case 'runCount': {
      const { filter } = search;
      if (!hasExpression(filter)) return { of: 'count', count: await countRunRows(db, filter) };
      const count = await countMatchingRuns(db, filter, await runSearch(filter), breath);
      return { of: 'count', count };
    }
    case 'events': {
      const { query } = search;
      if (!hasExpression(query)) return { of: 'events', events: await readEvents(db, query) };
      const events = await searchEvents(db, query, await eventSearch(query), breath);
      return { of: 'events', events };
    }
    case 'eventCount': {
      const { filter } = search;
      if (!hasExpression(filter)) return { of: 'count', count: await countEventRows(db, filter) };
      const count = await countMatchingEvents(db, filter, await eventSearch(filter), breath);
      return { of: 'count', count };
    }
    case 'facts':
      return { of: 'facts', piece: await readFactPiece(db, search.runId, search.place) };
    case 'texts':
      return { of: 'texts', texts: await readTextPiece(db, search.places) };
  }
}

/** Loaded by those who search: the language is large. */
async function runSearch({ query = '' }: { readonly query?: string }) {
  const { compileRunSearch } = await import('../search/run_search.ts');
  return compileRunSearch(query);
}

async function eventSearch({ query = '' }: { readonly query?: string }) {
  const { compileEventSearch } = await import('../search/event_search.ts');
  return compileEventSearch(query);
}
