/** What must hold of the queue and of runs after every script (queue.md §25). */
import { fields, members, type StoreUnderTest, scores } from '../../store_under_test.ts';

export interface LimitsUnderTest {
  readonly function: number;
  readonly account: number;
}

/** The ids of the items that drive a run, sorted. One that is listed twice is there twice. */
export async function itemsOfRun(under: StoreUnderTest, run: string): Promise<string[]> {
  const first = (await fields(under, 'x:run-item'))[run];
  const further = await members(under, `x:run:${run}`);
  return (first === undefined ? further : [first, ...further]).sort();
}

/** Says what is wrong; empty when all is well. */
export async function violations(
  under: StoreUnderTest,
  limits: LimitsUnderTest,
): Promise<string[]> {
  const keys = await under.keys();
  const wrong: string[] = [];
  const named = (start: string): string[] =>
    keys.filter((key) => key.startsWith(start)).map((key) => key.slice(start.length));
  const zsets = async (start: string): Promise<Map<string, Record<string, number>>> =>
    new Map(
      await Promise.all(
        named(start).map(async (name) => [name, await scores(under, start + name)] as const),
      ),
    );
  const items = new Map<string, Record<string, string>>();
  for (const id of named('item:')) items.set(id, await fields(under, `item:${id}`));
  const ready = await zsets('x:ready:');
  const backlogs = await zsets('x:backlog:');
  const inflight = await zsets('x:inflight:');
  const leased = await zsets('x:leased:');
  const leases = await scores(under, 'x:leases');
  const tokens = await fields(under, 'x:lease');
  const pointers = await scores(under, 'x:partitions');

  // §25.1: an item is in exactly one place.
  const places = (id: string): string[] => [
    ...[...ready].filter(([, set]) => id in set).map(([name]) => `ready ${name}`),
    ...[...backlogs].filter(([, set]) => id in set).map(([name]) => `backlog ${name}`),
    ...(id in tokens ? ['leased'] : []),
  ];
  for (const [id, item] of items) {
    const found = places(id);
    if (found.length !== 1) wrong.push(`item ${id} is in ${found.join(' and ') || 'no place'}`);
    const isLeased = id in tokens;
    const held = [`a:${item.ac}`, item.c1, item.c2].filter((key) => key !== undefined);
    const expiries = [
      leases[id],
      leased.get(item.p ?? '')?.[id],
      ...held.map((key) => inflight.get(key)?.[id]),
    ];
    const expected = isLeased ? leases[id] : undefined;
    if (expiries.some((expiry) => expiry !== expected) || (isLeased && expected === undefined)) {
      wrong.push(`item ${id} (leased: ${isLeased}) has the expiries ${expiries.join(', ')}`);
    }
  }
  const held = await members(under, 'x:held');
  const waiting = [...backlogs.values()].flatMap(Object.keys);
  if (!Bun.deepEquals(held.sort(), waiting.sort()))
    wrong.push(`counted as held back are ${held}, but in backlogs are ${waiting}`);
  for (const [partition, set] of await zsets('x:offered:')) {
    const lost = Object.keys(set).filter((id) => ready.get(partition)?.[id] === undefined);
    if (lost.length > 0)
      wrong.push(`${partition} was offered room for ${lost}, which it cannot use`);
  }
  for (const sets of [ready, backlogs, inflight, leased]) {
    for (const [name, set] of sets) {
      for (const id of Object.keys(set))
        if (!items.has(id)) wrong.push(`${name} holds ${id}, which is gone`);
    }
  }

  // §25.2: pointers equal minima, unless a partition may do no work now.
  const accountsOf = new Map([...items.values()].map((item) => [item.p ?? '', item.ac ?? '']));
  const paused = await fields(under, 'paused');
  const minima = new Map<string, Record<string, number>>();
  for (const [partition, account] of accountsOf) {
    const first = Math.min(...Object.values(ready.get(partition) ?? {}));
    const pointer = pointers[partition];
    if (pointer !== undefined)
      minima.set(account, { ...minima.get(account), [partition]: pointer });
    if (pointer === first || (pointer === undefined && first === Infinity)) continue;
    // A partition that has stopped at a limit has no pointer, or one of what was added since; whoever holds or is
    // about to take the room passes it on.
    // Nobody follows that of a paused function for its items.
    if (partition in paused) continue;
    const isDue = (other: string): boolean => (pointers[other] ?? Infinity) <= under.clock.now();
    const isServed = [...accountsOf].some(([other, owner]) => owner === account && isDue(other));
    const waits = partition in (await scores(under, `x:waiting:${account}`));
    const isStopped =
      leased.has(partition) || (waits && (inflight.has(`a:${account}`) || isServed));
    if (first < (pointer ?? Infinity) && (isStopped || isDue(partition))) continue;
    wrong.push(
      `${partition} points at ${pointer}, its first item at ${first}, and nothing mends that`,
    );
  }
  const accounts = await scores(under, 'x:accounts');
  for (const partition of Object.keys(pointers)) {
    if (!accountsOf.has(partition)) wrong.push(`a pointer of ${partition} is left without items`);
  }
  for (const account of new Set([...Object.keys(accounts), ...minima.keys()])) {
    const own = minima.get(account) ?? {};
    const stored = await scores(under, `x:account:${account}:partitions`);
    if (!Bun.deepEquals(own, stored)) {
      wrong.push(
        `account ${account} has the pointers ${JSON.stringify(stored)}, not ${JSON.stringify(own)}`,
      );
    }
    const first = Math.min(...Object.values(own));
    if ((accounts[account] ?? Number.POSITIVE_INFINITY) !== first) {
      wrong.push(`account ${account} points at ${accounts[account]}, not at ${first}`);
    }
  }

  // §25.8: live leases stay below every limit.
  const nowMs = under.clock.now();
  const live = (set: Record<string, number> | undefined): number =>
    Object.values(set ?? {}).filter((expiry) => expiry > nowMs).length;
  for (const [partition, set] of leased) {
    const isUsers = partition.startsWith('fn-');
    if (isUsers && limits.function > 0 && live(set) > limits.function) {
      wrong.push(`${partition} holds ${live(set)} leases, more than its ${limits.function}`);
    }
  }
  for (const [name, set] of inflight) {
    if (
      name.startsWith('a:') &&
      name !== 'a:system' &&
      limits.account > 0 &&
      live(set) > limits.account
    ) {
      wrong.push(`${name} holds ${live(set)} leases, more than its ${limits.account}`);
    }
  }
  const limitsOfKeys = new Map<string, number>();
  for (const item of items.values()) {
    for (const [key, limit] of [
      [item.c1, item.l1],
      [item.c2, item.l2],
    ]) {
      if (key !== undefined) limitsOfKeys.set(key, Number(limit));
    }
  }
  for (const [key, limit] of limitsOfKeys) {
    if (limit > 0 && live(inflight.get(key)) > limit) {
      wrong.push(`key ${key} holds ${live(inflight.get(key))} leases, more than its ${limit}`);
    }
    // Whoever waits for a key must be let out by someone who has it or is about to take it.
    const carriers = [...items].filter(([, item]) => item.c1 === key || item.c2 === key);
    const isStill = (partition = ''): boolean => partition in paused && !(partition in pointers);
    const moving = carriers.filter(
      ([id, { p }]) => id in tokens || (!(id in (backlogs.get(key) ?? {})) && !isStill(p)),
    );
    if (backlogs.has(key) && moving.length === 0)
      wrong.push(`nothing lets the backlog of ${key} go on`);
  }

  // A run's index names its items; nothing of a run is left without its state.
  const ofRuns = new Map<string, string[]>();
  for (const [id, item] of items) {
    if (item.r) ofRuns.set(item.r, [...(ofRuns.get(item.r) ?? []), id]);
  }
  const listed = [...named('x:run:'), ...Object.keys(await fields(under, 'x:run-item'))];
  for (const run of new Set([...listed, ...ofRuns.keys()])) {
    const stored = await itemsOfRun(under, run);
    if (!Bun.deepEquals(stored, (ofRuns.get(run) ?? []).sort()))
      wrong.push(`the index of ${run} is wrong`);
  }
  const runs = new Set(named('run:').filter((name) => !name.includes(':')));
  for (const name of named('run:')) {
    const run = name.split(':')[0] ?? '';
    if (!runs.has(run)) wrong.push(`run:${name} is left of a run that has ended`);
  }
  for (const id of named('pause:')) {
    const pause = await fields(under, `pause:${id}`);
    if (!runs.has(pause.r ?? '')) wrong.push(`pause ${id} is left of a run that has ended`);
    if (pause.t && !items.has(pause.t)) wrong.push(`pause ${id} has lost its timeout`);
  }
  for (const run of runs) {
    const hasPause = (await members(under, `run:${run}:pauses`)).length > 0;
    if (!ofRuns.has(run) && !hasPause) wrong.push(`nothing drives run ${run} on`);
  }
  return wrong;
}
