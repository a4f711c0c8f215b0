/** Waits and cancellations of runs as scripts take and give them (the Lua side: lua/lib/pause.lua). */
import { accountOf, type ConcurrencyKey, keyArgs } from '../queue/item.ts';
import { asList, asNumber, asText } from '../store/reply_shape.ts';
import type { Store } from '../store/store.ts';

export type PauseKind = 'event' | 'signal' | 'invoke' | 'cancel';

/** The discovery that follows when a wait ends. */
export interface FollowUp {
  readonly partition: string;
  readonly attemptsMax: number;
  readonly data: string;
  readonly scoreMs: number;
  readonly concurrencyKeys: readonly ConcurrencyKey[];
}

export interface NewPause {
  readonly id: string;
  readonly runId: string;
  /** Step under which the result is stored; '' for a cancellation. */
  readonly stepId: string;
  readonly kind: PauseKind;
  /** Event name, or the signal; '' for an invoke, which is found by its id. */
  readonly subject: string;
  /** Condition on the event, already interpolated; '' for none. */
  readonly expression: string;
  /** Of a cancellation: when the server received the event that started the run. */
  readonly createdMs: number;
  /** Of a cancellation: internal id of the event that started the run. */
  readonly triggerId?: string;
  /** The step's name, for people; '' for a cancellation. */
  readonly stepName: string;
  readonly expiresMs: number;
  /** Item that ends the wait in time; '' for a cancellation. */
  readonly timeoutItemId: string;
  readonly parallelMode: string;
  readonly followUp: FollowUp;
}

/** A pause as matching sees it. */
export interface StoredPause {
  readonly id: string;
  readonly sequence: number;
  readonly kind: PauseKind;
  readonly runId: string;
  readonly stepId: string;
  readonly expression: string;
  /** As in `NewPause`. */
  readonly createdMs: number;
  /** '' for a wait. */
  readonly triggerId: string;
  readonly expiresMs: number;
  readonly stepName: string;
}

/**
 * One wait of a step has one id, however often it is reported. It is the correlation id of an invoke, too
 * (sdk-http-protocol.md §4.4.5).
 */
export function pauseId(runId: string, stepId: string): string {
  return `${runId}.${stepId}`;
}

/** A pause as ARGV (lua/lib/pause.lua `arg_pause`). */
export function pauseArgs(pause: NewPause): (string | number)[] {
  const { followUp } = pause;
  return [
    pause.id,
    pause.runId,
    pause.kind === 'cancel' ? (pause.triggerId ?? '') : pause.stepId,
    pause.kind,
    pause.subject,
    pause.expression,
    pause.createdMs,
    pause.stepName,
    pause.expiresMs,
    pause.timeoutItemId,
    pause.parallelMode,
    followUp.partition,
    accountOf(followUp.partition),
    followUp.attemptsMax,
    followUp.data,
    followUp.scoreMs,
    ...keyArgs(followUp.concurrencyKeys),
  ];
}

const scanFields = 9;

export interface PauseScan {
  readonly pauses: StoredPause[];
  /** Of all pauses for the event name. */
  readonly storedCount: number;
}

/** Pauses for an event name that were created after `afterSequence`, in order. */
export async function scanPauses(
  store: Store,
  eventName: string,
  afterSequence: number,
  most: number,
): Promise<PauseScan> {
  const reply = asList(await store.run('pause_scan', [eventName, afterSequence, most]));
  const pauses: StoredPause[] = [];
  for (let i = 1; i + scanFields <= reply.length; i += scanFields) {
    // A pause that went between the index and its record has no fields.
    if (reply[i + 1] === null) continue;
    // The field was written from a NewPause's kind.
    const kind = asText(reply[i + 2]) as PauseKind;
    pauses.push({
      id: asText(reply[i]),
      sequence: asNumber(reply[i + 1]),
      kind,
      runId: asText(reply[i + 3]),
      stepId: kind === 'cancel' ? '' : asText(reply[i + 4]),
      triggerId: kind === 'cancel' ? asText(reply[i + 4]) : '',
      expression: asText(reply[i + 5]),
      createdMs: asNumber(reply[i + 6]),
      expiresMs: asNumber(reply[i + 7]),
      stepName: asText(reply[i + 8]),
    });
  }
  return { pauses, storedCount: asNumber(reply[0]) };
}

/** A wait that ended: what is stored for its step, and what history hears. */
export interface Resolution {
  readonly pauseId: string;
  /** JSON text stored under the step. */
  readonly output: string;
  readonly fact: string;
}

export function resolutionArgs(resolution: Resolution): string[] {
  return [resolution.pauseId, resolution.output, resolution.fact];
}

/** Ends waits, all in one script; answers for each whether it was still open. */
export async function resolvePauses(
  store: Store,
  nowMs: number,
  resolutions: readonly Resolution[],
): Promise<boolean[]> {
  const args = [nowMs, resolutions.length, ...resolutions.flatMap(resolutionArgs)];
  return asList(await store.run('pause_resolve', args)).map((code) => asNumber(code) === 1);
}

export async function timeOutPause(
  store: Store,
  nowMs: number,
  item: { readonly id: string; readonly leaseToken: string },
  resolution: Resolution,
): Promise<boolean> {
  const args = [nowMs, item.id, item.leaseToken, ...resolutionArgs(resolution)];
  return asNumber(await store.run('pause_timeout', args)) === 1;
}
