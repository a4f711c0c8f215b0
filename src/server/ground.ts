/** What every part of the server is built from. */
import type { Settings } from '../cli/settings.ts';
import type { Functions } from '../executor/functions.ts';
import type { RunLimits } from '../executor/limits.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { FunctionPauses } from '../state/function_pauses.ts';
import type { Registry } from '../state/registry.ts';
import type { outward } from '../store/outward.ts';
import type { OtlpExporter } from '../trace/otlp/exporter.ts';
import type { Metering } from './metering.ts';
import type { Opened } from './open.ts';

/** What every part is built from. */
export interface Ground extends Opened {
  /** Null when no collector is named. */
  readonly exporter: OtlpExporter | null;
  readonly metering: Metering;
  readonly settings: Settings;
  readonly log: Logger;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly registry: Registry;
  readonly functions: Functions;
  readonly limits: RunLimits;
  readonly pauses: FunctionPauses;
  /** Names this process among those that share the store. */
  readonly process: string;
  /** Whether other processes work on the same store. */
  readonly isShared: boolean;
  /** Holds back what goes outside until what caused it is durable. */
  readonly gate: ReturnType<typeof outward>;
  /** Aborts the calls that are still under way when the server has waited long enough. */
  readonly stopping: AbortController;
}

export function kindOf({ mode }: Settings): 'dev' | 'cloud' {
  return mode === 'dev' ? 'dev' : 'cloud';
}
