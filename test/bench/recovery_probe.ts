/**
 * `bun test/bench/recovery_probe.ts [RUNS]`: what a restart of the embedded engine costs with many runs in flight. Each
 * run was created by an event with an idempotency key, has done one step and sleeps in the second. Prints JSON.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performGateway } from '../../src/driver/gateway.ts';
import { Executor } from '../../src/executor/executor.ts';
import { RunLimits } from '../../src/executor/limits.ts';
import { Terminator } from '../../src/executor/terminator.ts';
import { readRegistration } from '../../src/function/registration.ts';
import { OutboxPump } from '../../src/history/outbox_pump.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createLogger } from '../../src/lib/logger.ts';
import { ulid } from '../../src/lib/ulid.ts';
import { Waiting } from '../../src/pause/waiting.ts';
import type { LeasedItem } from '../../src/queue/item.ts';
import { Processor } from '../../src/queue/processor.ts';
import { rebuildFields, rebuildKnown } from '../../src/queue/queue.ts';
import { Delivery } from '../../src/runner/delivery.ts';
import { EventIntake } from '../../src/runner/event_intake.ts';
import { Registry } from '../../src/state/registry.ts';
import { type EmbeddedStore, openEmbeddedStore } from '../../src/store/embedded/engine.ts';
import { listenToScripts } from '../../src/store/messages.ts';
import { defaultPrefix } from '../../src/store/prefix.ts';
import { eventually } from '../eventually.ts';
import { FakeApp } from '../simulation/fake_app.ts';

const runsDefault = 100_000;
const eventsPerRequest = 500;
const clock = systemClock;
const newId = (): string => ulid(clock.now());
const log = createLogger({ level: 'warn', format: 'text', write: (line) => console.error(line) });

const registration = {
  v: '0.1',
  url: 'http://app.test/api/inngest',
  deployType: 'ping',
  sdk: 'js:v4.18.1',
  framework: 'test',
  appName: 'app',
  functions: [
    {
      id: 'app-order',
      name: 'order',
      triggers: [{ event: 'shop/order.placed' }],
      steps: {
        step: {
          id: 'step',
          name: 'step',
          runtime: { type: 'http', url: 'http://app.test/api/inngest?fnId=app-order&stepId=step' },
          retries: { attempts: 3 },
        },
      },
    },
  ],
};

/** The parts of a server that make runs go on, without its doors. */
async function workingServer(store: EmbeddedStore, app: FakeApp): Promise<Processor> {
  const registry = new Registry(store, clock);
  const read = readRegistration(registration);
  if (!read.ok) throw new Error(JSON.stringify(read.errors));
  await registry.sync(read.registration);
  const functions = { functionById: (id: string) => registry.functionById(id) };
  const terminator = new Terminator({ store, clock, functions, newId });
  const executor = new Executor({
    ...{ store, clock, log, functions, terminator, newId },
    driverOf: () => app,
    limits: new RunLimits(),
    random: Math.random,
    retryIntervalMs: null,
    gateway: performGateway,
    stopping: new AbortController().signal,
  });
  const waiting = new Waiting(store, clock);
  const delivery = new Delivery({ store, clock, log, registry, waiting, terminator, newId });
  const processor = new Processor({
    ...{ store, clock, log },
    process: newId(),
    workers: 100,
    isShared: false,
    limitsOf: () => ({ function: 0, account: 0 }),
    newToken: newId,
    random: Math.random,
    handle: (item: LeasedItem) =>
      item.kind === 'events' ? delivery.handle(item) : executor.handle(item),
  });
  processor.start();
  return processor;
}

/** Brings `runs` runs to their sleep. */
async function fill(dataDir: string, runs: number): Promise<void> {
  const store = await openEmbeddedStore({ dataDir, clock });
  const app = new FakeApp(clock);
  app.workflow('app-order', async ({ event, step }) => {
    await step.run('charge', () => ({ charged: event.data.amount, receipt: 'r-7f3b2c' }));
    await step.sleep('cool-down', '24h');
  });
  const processor = await workingServer(store, app);
  const history = { record: async () => {} };
  const pump = new OutboxPump({ store, history, clock, log, batchMax: 1_000 });
  listenToScripts(store, {
    wake: (partition, atMs) => processor.wake(partition, atMs),
    facts: (count) => pump.wake(count),
  });
  pump.start();
  const intake = new EventIntake(store);
  for (let from = 0; from < runs; from += eventsPerRequest) {
    await intake.accept(ordersFrom(from, Math.min(runs, from + eventsPerRequest)));
    // The step, and the call that finds the sleep.
    await eventually(() => app.calls.length === 2 * Math.min(runs - from, eventsPerRequest), {
      deadlineMs: 30_000,
    });
    app.calls.length = 0;
    app.executions.length = 0;
  }
  await processor.stop(10_000);
  await pump.idle(10_000);
  await pump.stop();
  await store.close();
}

function ordersFrom(from: number, to: number): Parameters<EventIntake['accept']>[0] {
  return Array.from({ length: to - from }, (_, index) => {
    const nowMs = clock.now();
    const id = `order-${from + index}`;
    const data = { orderId: id, amount: 4200, currency: 'EUR', items: ['a-100', 'b-200'] };
    const payload = { name: 'shop/order.placed', data, user: {}, id, ts: nowMs };
    return { internalId: newId(), receivedAtMs: nowMs, payload, idempotencyKey: id };
  });
}

interface Recovery {
  readonly openMs: number;
  readonly rebuildMs: number;
  readonly items: number;
  readonly keys: number;
  /** User and system, all threads: what the times would be on a machine that does nothing else, or less. */
  readonly cpuMs: number;
  readonly rssBytes: number;
  readonly rssBytesAfterGc: number;
}

async function recover(dataDir: string): Promise<Recovery> {
  const cpuBefore = process.cpuUsage();
  const startMs = performance.now();
  const store = await openEmbeddedStore({ dataDir, clock });
  const openedMs = performance.now();
  const known = store.hashes(`${defaultPrefix}:item:`, rebuildFields);
  const items = await rebuildKnown(store, known);
  const rebuiltMs = performance.now();
  const { user, system } = process.cpuUsage(cpuBefore);
  const cpuMs = Math.round((user + system) / 1000);
  const { keys } = store.stats();
  const rssBytes = process.memoryUsage.rss();
  Bun.gc(true);
  Bun.shrink();
  const rssBytesAfterGc = process.memoryUsage.rss();
  await store.close();
  const [openMs, rebuildMs] = [openedMs - startMs, rebuiltMs - openedMs];
  return { openMs, rebuildMs, items, keys, cpuMs, rssBytes, rssBytesAfterGc };
}

/** In a process of its own, so that memory and warm code are those of a start. */
async function recoveryOf(dataDir: string): Promise<Recovery> {
  const child = Bun.spawn([process.execPath, import.meta.path, 'recover', dataDir], {
    stderr: 'inherit',
  });
  // Printed by `recover` above.
  return JSON.parse(await new Response(child.stdout).text()) as Recovery;
}

async function measure(runs: number): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'inngest-recovery-'));
  const emptyDir = mkdtempSync(join(tmpdir(), 'inngest-recovery-'));
  try {
    await (await openEmbeddedStore({ dataDir: emptyDir, clock })).close();
    await fill(dataDir, runs);
    const empty = await recoveryOf(emptyDir);
    const full = await recoveryOf(dataDir);
    const perRun = (bytes: number): number => Math.round(bytes / runs);
    const figures = {
      runs,
      recoveryMs: Math.round(full.openMs + full.rebuildMs),
      recoveryCpuMs: full.cpuMs,
      openMs: Math.round(full.openMs),
      rebuildMs: Math.round(full.rebuildMs),
      openEmptyMs: Math.round(empty.openMs),
      itemsRebuilt: full.items,
      keys: full.keys,
      diskBytesPerRun: perRun(statSync(join(dataDir, 'store.db')).size),
      memoryBytesPerRun: perRun(full.rssBytes - empty.rssBytes),
      memoryBytesPerRunAfterGc: perRun(full.rssBytesAfterGc - empty.rssBytesAfterGc),
    };
    console.log(JSON.stringify(figures, null, 2));
  } finally {
    rmSync(dataDir, { recursive: true });
    rmSync(emptyDir, { recursive: true });
  }
}

const [command = String(runsDefault), argument = ''] = process.argv.slice(2);
if (command === 'recover') console.log(JSON.stringify(await recover(argument)));
else if (command === 'fill') await fill(argument, Number(process.argv[4] ?? runsDefault));
else await measure(Number(command));
