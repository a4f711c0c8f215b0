/** Pages of events whose cursor is an id: receipts of one id stay together. */
import { expect, test } from 'bun:test';
import { wholeReceipts } from '../../src/api/event_page.ts';
import type { EventQuery, EventRecord } from '../../src/history/history.ts';

const receipts: readonly EventRecord[] = [
  ['d', 9],
  ['c', 8],
  ['c', 5],
  ['c', 4],
  ['b', 3],
  ['a', 2],
].map(([id, atMs]) => ({
  internalId: String(id),
  receivedAtMs: Number(atMs),
  payload: '{}',
  name: 'shop/a',
}));

async function read({ before, limit }: EventQuery): Promise<readonly EventRecord[]> {
  const isAfter = ({ internalId, receivedAtMs }: EventRecord): boolean => {
    if (before === undefined) return true;
    if (typeof before === 'string') return internalId < before;
    if (internalId !== before.internalId) return internalId < before.internalId;
    return receivedAtMs < before.receivedAtMs;
  };
  return receipts.filter(isAfter).slice(0, limit);
}

test.each([1, 2, 3, 4, 5, 6])('pages of %d put together are the whole list', async (limit) => {
  const found: EventRecord[] = [];
  for (let page: readonly EventRecord[] | null = null; page?.length !== 0; ) {
    const before = found.at(-1)?.internalId;
    page = await wholeReceipts({ limit, ...(before !== undefined && { before }) }, read);
    found.push(...page);
  }
  expect(found).toEqual([...receipts]);
});

test('a page is longer than asked for only where receipts of one id would be parted', async () => {
  const lengthOf = async (limit: number) => (await wholeReceipts({ limit }, read)).length;
  expect(await Promise.all([1, 2, 3, 4, 5].map(lengthOf))).toEqual([1, 4, 4, 4, 5]);
});
