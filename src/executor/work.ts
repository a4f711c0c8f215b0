/** What the executor is built from, and one piece of its work. */
import type { Driver } from '../driver/driver.ts';
import type { performGateway } from '../driver/gateway.ts';
import type { FunctionDefinition } from '../function/definition.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { LeasedItem } from '../queue/item.ts';
import type { RunState } from '../state/run_state.ts';
import type { Store } from '../store/store.ts';
import type { Call } from './call_fact.ts';
import type { Edge } from './edge.ts';
import type { Functions } from './functions.ts';
import type { RunLimits } from './limits.ts';
import type { Terminator } from './terminator.ts';

export interface ExecutorParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
  readonly functions: Functions;
  readonly driverOf: (fn: FunctionDefinition) => Driver;
  /** Makes the requests of gateway steps. */
  readonly gateway: typeof performGateway;
  readonly limits: RunLimits;
  readonly terminator: Terminator;
  readonly newId: () => string;
  readonly random: () => number;
  /** `--retry-interval`; null for the backoff table. */
  readonly retryIntervalMs: number | null;
  /** Aborts calls under way when the server stops. */
  readonly stopping: AbortSignal;
}

export interface Work {
  readonly item: LeasedItem;
  readonly edge: Edge;
  readonly fn: FunctionDefinition;
  readonly state: RunState;
  readonly call: Call;
}
