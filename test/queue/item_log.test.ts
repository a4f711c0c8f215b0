/** Log lines name the work that they are about. */
import { expect, test } from 'bun:test';
import { type LeasedItem, runItemId } from '../../src/queue/item.ts';
import { itemFields } from '../../src/queue/item_log.ts';

const runId = '01JV8W3R9V2Y7M6S6S3F2K4N5P';

function item(changes: Partial<LeasedItem>): LeasedItem {
  return {
    ...{ id: 'i', partition: 'fn-1', leaseToken: 't', kind: 'edge', runId, atMs: 1, attempt: 2 },
    ...{ attemptsMax: 4, generation: 0, scavenged: 0, data: '', cursor: 0 },
    ...changes,
  };
}

test('a planned step is named with its run, function and attempt', () => {
  const id = runItemId(runId, 'plan', 'a:b.c');
  expect(itemFields(item({ id }))).toEqual({
    ...{ item: id, kind: 'edge', run: runId, functionId: 'fn-1', step: 'a:b.c', attempt: 2 },
  });
});

test('the discovery that follows a step is not about that step', () => {
  expect(itemFields(item({ id: runItemId(runId, 'next', 's') }))).not.toHaveProperty('step');
  expect(itemFields(item({ id: runItemId(runId, 'start') }))).not.toHaveProperty('step');
});

test("the server's own work has neither function nor run", () => {
  const fields = itemFields(
    item({ id: 'events.1', kind: 'events', partition: 'events', runId: '' }),
  );
  expect(fields).toEqual({ item: 'events.1', kind: 'events', attempt: 2 });
});
