/** History as readers want it: with everything that had happened when they asked. */
import type { History } from './history.ts';
import type { OutboxPump } from './outbox_pump.ts';

/** While history cannot be written, readers get what there is. */
export const readWaitMsMax = 250;

/** Each read first carries over the facts that still wait in the outbox. */
export function freshHistory(history: History, pump: Pick<OutboxPump, 'idle'>): History {
  const fresh =
    <A extends readonly unknown[], R>(read: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      await pump.idle(readWaitMsMax);
      return read(...args);
    };
  return {
    record: (facts) => history.record(facts),
    events: fresh((query, signal) => history.events(query, signal)),
    countEvents: fresh((filter, signal) => history.countEvents(filter, signal)),
    event: fresh((id) => history.event(id)),
    eventsById: fresh((ids) => history.eventsById(ids)),
    runsOfEvents: fresh((ids, how) => history.runsOfEvents(ids, how)),
    runsOfEvent: fresh((id, how) => history.runsOfEvent(id, how)),
    run: fresh((id) => history.run(id)),
    outputsOf: fresh((ids) => history.outputsOf(ids)),
    runs: fresh((query, signal) => history.runs(query, signal)),
    countRuns: fresh((filter, signal) => history.countRuns(filter, signal)),
    factsOf: fresh((id) => history.factsOf(id)),
    prune: (cutoffs) => history.prune(cutoffs),
    close: () => history.close(),
  };
}
