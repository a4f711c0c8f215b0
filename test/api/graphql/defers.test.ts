/** What runs put off until their end, as GraphQL shows it. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { internalDataKey, internalEvents } from '../../../src/event/internal.ts';
import type { DeferFact, Fact } from '../../../src/history/fact.ts';
import type { History } from '../../../src/history/history.ts';
import { charge, type Door, openDoor, shop } from '../door.ts';
import { ask } from './client.ts';
import { uiDocuments } from './documents.ts';
import { ended, eventFact, idAt, scheduled, seededHistory, startMs } from './seed.ts';

const open = idAt(startMs + 400, 1);
const over = idAt(startMs + 400, 2);
const child = idAt(startMs + 400, 3);
const deferEvent = idAt(startMs + 400, 4);

let history: History;
let door: Door;

function defer(
  runId: string,
  deferId: string,
  status: DeferFact['status'],
  atMs: number,
): DeferFact {
  const about = { name: `${deferId} it`, functionSlug: charge.slug };
  return { t: 'defer', runId, deferId, ...about, status, atMs: startMs + atMs };
}

/** Four of each kind, the third called off, the fourth refused; the first becomes a run of its own. */
function defersOf(runId: string): Fact[] {
  return [
    defer(runId, 'none', 'Aborted', 401),
    defer(runId, 'a', 'Scheduled', 402),
    defer(runId, 'b', 'Scheduled', 403),
    defer(runId, 'c', 'Scheduled', 404),
    { ...defer(runId, 'd', 'Rejected', 405), reason: 'meta_size' },
    defer(runId, 'c', 'Aborted', 406),
    defer(runId, 'd', 'Aborted', 407),
  ];
}

beforeAll(async () => {
  const origin = { fn_slug: charge.slug, parent_run_id: over, parent_defer_id: 'a' };
  history = await seededHistory([
    ...[scheduled(open, { atMs: startMs + 400 }), ...defersOf(open)],
    ...[scheduled(over, { atMs: startMs + 400 }), ...defersOf(over)],
    ended(over, { atMs: startMs + 410, output: 'null' }),
    eventFact(deferEvent, {
      ...{ name: internalEvents.deferredSchedule, data: { [internalDataKey]: origin } },
      receivedAtMs: startMs + 410,
    }),
    scheduled(child, { eventIds: [deferEvent], isDeferred: true, atMs: startMs + 411 }),
  ]);
  door = openDoor({}, [shop], history);
});
afterAll(() => history.close());

const shown = [
  { hashedDeferID: 'a', userlandDeferID: 'a it', fnSlug: charge.slug, status: 'SCHEDULED' },
  { hashedDeferID: 'b', status: 'SCHEDULED', run: null },
  { hashedDeferID: 'c', status: 'ABORTED', run: null },
  { hashedDeferID: 'd', status: 'REJECTED', run: null },
];

test('a run that goes on shows what it has put off, called off and was refused', async () => {
  const answer = await ask(door, uiDocuments.GetRunLinkage, { runID: open });
  expect(answer.at('run', 'defers')).toMatchObject(shown);
  expect(answer.at('run', 'defers', '0', 'run')).toBeNull();
});

test('with its end the runs come of what was put off, and they see one another', async () => {
  const answer = await ask(door, uiDocuments.GetRunLinkage, { runID: over });
  expect(answer.at('run', 'defers')).toMatchObject(shown);
  expect(answer.at('run', 'defers', '0', 'run')).toMatchObject({ id: child });
  const below = await ask(door, uiDocuments.GetRunLinkage, { runID: child });
  expect(below.at('run', 'siblingDefers')).toEqual(answer.at('run', 'defers'));
});
