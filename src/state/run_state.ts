/** Reads runs: at the start of the work on an item, and without it (execution.md §20). */
import { itemListArgs, type LeasedItem, type NewItem } from '../queue/item.ts';
import { asList, asNumber, asPairs, asText } from '../store/reply_shape.ts';
import type { Reply, Store } from '../store/store.ts';
import { parseRunMetadata, type RunMetadata } from './run_metadata.ts';

type Pairs = readonly (readonly [string, string])[];

export interface RunState {
  readonly metadata: RunMetadata;
  /** JSON array text of the triggering events. */
  readonly events: string;
  readonly requestVersion: number;
  /** `disable_immediate_execution`. */
  readonly isPlanForced: boolean;
  readonly startedAtMs: number;
  readonly stateBytes: number;
  readonly stepCount: number;
  readonly areStepsLeftOut: boolean;
  readonly stack: readonly string[];
  /** Step and stored output as JSON text. */
  readonly steps: Pairs;
  readonly inputs: Pairs;
  readonly defers: Pairs;
}

export type EnterOutcome =
  | { readonly kind: 'entered'; readonly state: RunState; readonly isFirst: boolean }
  | { readonly kind: 'gone' | 'lease_lost' | 'siblings_open' }
  | {
      readonly kind: 'start_timeout' | 'finish_timeout' | 'step_limit' | 'state_limit';
      readonly state: RunState;
    };

export interface EnterRequest {
  readonly nowMs: number;
  /** The sleep that ends with this item. */
  readonly slept?: {
    readonly stepId: string;
    readonly parallelMode: string;
    readonly fact: string;
  };
  readonly stepsMax: number;
  readonly inlineBytesMax: number;
  /** Of outputs; absent for any number. */
  readonly stateBytesMax?: number;
  /** 0 for none. */
  readonly startTimeoutMs: number;
  /** When the run was due: its start timeout counts from here. */
  readonly scheduledAtMs: number;
  /** 0 for none. */
  readonly finishTimeoutMs: number;
  readonly startedFact: string;
  /** Of the call that follows, written only when the work may begin; absent where none follows. */
  readonly callFact?: string;
  /** Queued when this is the run's first execution. */
  readonly firstItems: readonly NewItem[];
}

const outcomes: Record<number, Exclude<EnterOutcome['kind'], 'entered'>> = {
  0: 'gone',
  [-1]: 'lease_lost',
  [-2]: 'siblings_open',
  [-3]: 'start_timeout',
  [-4]: 'finish_timeout',
  [-5]: 'step_limit',
  [-6]: 'state_limit',
};

/** Begins the work on an item of a run (lua/run_enter.lua). */
export async function enterRun(
  store: Store,
  item: LeasedItem,
  request: EnterRequest,
): Promise<EnterOutcome> {
  const { slept } = request;
  const reply = asList(
    await store.run('run_enter', [
      request.nowMs,
      item.id,
      item.leaseToken,
      item.runId,
      slept?.stepId ?? '',
      slept?.parallelMode ?? '',
      slept?.fact ?? '',
      request.stepsMax,
      request.inlineBytesMax,
      request.startTimeoutMs,
      request.scheduledAtMs,
      request.finishTimeoutMs,
      request.startedFact,
      request.stateBytesMax ?? 0,
      ...itemListArgs(request.firstItems),
      request.callFact ?? '',
    ]),
  );
  const code = asNumber(reply[0]);
  if (code === 1) {
    const state = runState(reply);
    return { kind: 'entered', state, isFirst: state.startedAtMs === request.nowMs };
  }
  const kind = outcomes[code] ?? 'gone';
  if (kind === 'gone' || kind === 'lease_lost' || kind === 'siblings_open') return { kind };
  return { kind, state: runState(reply) };
}

function runState(reply: readonly Reply[]): RunState {
  return {
    metadata: parseRunMetadata(asText(reply[1])),
    events: asText(reply[2]),
    requestVersion: asNumber(reply[3]),
    isPlanForced: asText(reply[4]) === '1',
    startedAtMs: Number(asText(reply[5])),
    stateBytes: asNumber(reply[6]),
    stepCount: asNumber(reply[7]),
    areStepsLeftOut: asNumber(reply[8]) === 1,
    stack: asList(reply[9]).map(asText),
    steps: asPairs(reply[10]),
    inputs: asPairs(reply[11]),
    defers: asPairs(reply[12]),
  };
}

export interface LoadedRun {
  readonly metadata: RunMetadata;
  readonly events: string;
  /** Null before the first execution. */
  readonly startedAtMs: number | null;
  readonly stepCount: number;
  /** Empty unless steps were asked for, as are they. */
  readonly stack: readonly string[];
  readonly steps: Pairs;
  readonly inputs: Pairs;
  readonly defers: Pairs;
}

/** Null when the run has no state: it has ended, or never was. */
export async function loadRun(
  store: Store,
  runId: string,
  options: { readonly withSteps: boolean },
): Promise<LoadedRun | null> {
  const reply = asList(await store.run('run_load', [runId, options.withSteps ? 1 : 0]));
  if (asNumber(reply[0]) === 0) return null;
  const started = asText(reply[3]);
  return {
    metadata: parseRunMetadata(asText(reply[1])),
    events: asText(reply[2]),
    startedAtMs: started === '' ? null : Number(started),
    stepCount: asNumber(reply[4]),
    stack: asList(reply[5]).map(asText),
    steps: asPairs(reply[6]),
    inputs: asPairs(reply[7]),
    defers: asPairs(reply[8]),
  };
}
