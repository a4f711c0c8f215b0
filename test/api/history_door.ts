/** A door over a real history, and facts to put into it. */
import { type Fact, factText, type RunEndedFact } from '../../src/history/fact.ts';
import type { History } from '../../src/history/history.ts';
import { openHistory } from '../../src/history/open_history.ts';
import { ulidFromBytes } from '../../src/lib/ulid.ts';
import { charge, type Door, openDoor, shop } from './door.ts';

export const dayMs = 1_767_225_600_000;

export interface HistoryDoor extends Door {
  readonly history: History;
  record(...facts: readonly Fact[]): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export async function openHistoryDoor(
  settings: Parameters<typeof openDoor>[0] = {},
  apps: Parameters<typeof openDoor>[1] = [shop],
): Promise<HistoryDoor> {
  const history = await openHistory({ kind: 'sqlite', path: null });
  return {
    ...openDoor(settings, apps, history),
    history,
    record: (...facts) => history.record(facts.map(factText)),
    [Symbol.asyncDispose]: () => history.close(),
  };
}

/** The same number gives the same id. */
export function testUlid(kind: 'run' | 'event', number: number): string {
  const entropy = new Uint8Array(10);
  new DataView(entropy.buffer).setUint32(6, number);
  entropy[0] = kind === 'run' ? 1 : 2;
  return ulidFromBytes(dayMs + number * 1000, entropy);
}

/** A run of `shop-charge`, one second after the one before it, with its event; `end` says how it ended. */
export function runFacts(
  number: number,
  end: Partial<RunEndedFact> | null = { status: 'Completed', output: '{"ok":true}' },
): readonly Fact[] {
  const runId = testUlid('run', number);
  const eventId = testUlid('event', number);
  const atMs = dayMs + number * 1000;
  const payload = JSON.stringify({
    data: { n: number },
    id: eventId,
    name: 'order/placed',
    ts: atMs,
    user: {},
  });
  return [
    { t: 'event', internalId: eventId, receivedAtMs: atMs, payload },
    {
      t: 'run.scheduled',
      runId,
      functionId: charge.id,
      functionVersion: 3,
      functionSlug: charge.slug,
      functionName: charge.name,
      appId: charge.appId,
      appName: charge.appName,
      eventIds: [eventId],
      eventName: 'order/placed',
      atMs,
    },
    { t: 'run.started', runId, atMs: atMs + 10 },
    ...(end === null
      ? []
      : [{ t: 'run.ended', runId, atMs: atMs + 110, status: 'Completed', ...end } as const]),
  ];
}
