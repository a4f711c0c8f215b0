/** What the doors get: the parts behind them, each as its interface asks. */
import { overloaded } from '../api/problem.ts';
import type { Services } from '../api/services.ts';
import type { Settings } from '../cli/settings.ts';
import { version } from '../cli/version.ts';
import { BulkOperations } from '../executor/bulk_operations.ts';
import { AsyncCheckpoints } from '../executor/checkpoints.ts';
import { RunControl } from '../executor/runs.ts';
import { SignalSender } from '../executor/signals.ts';
import { SyncRuns } from '../executor/sync_runs.ts';
import type { Terminator } from '../executor/terminator.ts';
import { Annotations } from '../history/annotations.ts';
import { HistoryUnavailableError } from '../history/history_error.ts';
import type { OutboxPump } from '../history/outbox_pump.ts';
import type { ReadWatch } from '../history/read_watch.ts';
import { EventIntake } from '../runner/event_intake.ts';
import type { Store } from '../store/store.ts';
import { type Ground, kindOf } from './ground.ts';
import type { ReadingParts } from './reading.ts';
import { terminatorOn, type WorkParts } from './work.ts';

export interface Behind {
  readonly ground: Ground;
  readonly reading: ReadingParts;
  readonly work: Pick<WorkParts, 'reruns'>;
  readonly appSyncs: Services['appSyncs'];
}

/** `isClosing`: the server takes no more work. */
export function servicesOf(
  { ground, reading, work: { reruns }, appSyncs }: Behind,
  isClosing: () => boolean,
): Services {
  const { store, clock, limits, newId, settings, gate, pauses, metering } = ground;
  const { pump, fresh, outputs, reads } = reading;
  const terminator = terminatorOn(store, ground, outputs);
  const intake = new EventIntake(store);
  const annotations = new Annotations(store);
  return {
    clock,
    kind: kindOf(settings),
    version,
    signingKey: settings.signingKey,
    eventKeys: settings.eventKeys,
    eventBytesMax: settings.eventBytesMax,
    intake: {
      accept: (events) => intake.accept(events),
      isOverloaded: () => isClosing() || intake.isOverloaded() || pump.isBehind,
    },
    runs: new RunControl(store, terminator, async (id) => {
      if ((await fresh.run(id)) !== null) return true;
      if (pump.isCaughtUp) return false;
      throw new HistoryUnavailableError('history does not have everything that happened yet');
    }),
    signals: new SignalSender(store, clock),
    checkpoints: checkpointsOf(ground, reading, terminator),
    limits,
    history: fresh,
    reruns,
    bulk: new BulkOperations({ store, clock, newId, history: fresh }),
    pauses,
    annotations: {
      // They go through the outbox, which must not grow without end.
      add: async (facts) => {
        if (isClosing() || intake.isOverloaded() || pump.isBehind) throw overloaded();
        await annotations.add(facts);
      },
    },
    appSyncs,
    metrics: metering.metrics,
    settled: gate(async () => {}),
    startOptions: startOptionsOf(settings),
    readiness: {
      reasons: () => [
        ...(isClosing() ? ['the server is stopping'] : []),
        ...readinessReasons(store, pump, reads),
      ],
    },
  };
}

function checkpointsOf(
  { store, clock, limits, newId, settings }: Ground,
  { outputs }: ReadingParts,
  terminator: Terminator,
): Services['checkpoints'] {
  const { retryIntervalMs } = settings;
  const checkpoints = new AsyncCheckpoints({ store, clock, limits, terminator, newId });
  const syncRuns = new SyncRuns({ store, clock, limits, terminator, newId, retryIntervalMs });
  return {
    saveAsync: (request) => checkpoints.save(request),
    createSync: (request) => syncRuns.create(request),
    saveSync: (runId, _functionId, steps) => syncRuns.save(runId, steps),
    output: (runId, signal) => outputs.output(runId, signal),
  };
}

/** What `/dev` says of how the server was started: nothing that is secret. */
function startOptionsOf(settings: Settings): Services['startOptions'] {
  const { isDiscoveryOn, isPollingOn, pollIntervalMs, retryIntervalMs, queueWorkers } = settings;
  return {
    ...{ isDiscoveryOn, isPollingOn, pollIntervalMs, retryIntervalMs, queueWorkers },
    urls: settings.sdkUrls,
    requiresKeys: settings.mode === 'start',
    isPersistent: settings.dataDir !== null || settings.redisUri !== null,
    isSingleNode: settings.redisUri === null,
  };
}

function readinessReasons(store: Store, pump: OutboxPump, reads: ReadWatch): string[] {
  const reasons: string[] = [];
  const trouble = store.trouble();
  if (trouble !== null) reasons.push(trouble);
  else if (pump.failures > 0)
    reasons.push('history cannot be written; what happens is kept until it can');
  else if (pump.isStuck)
    reasons.push('history does not answer writes; what happens is kept until it does');
  const readTrouble = reads.trouble();
  if (readTrouble !== null) reasons.push(readTrouble);
  if (pump.isBehind)
    reasons.push('too much waits to be written to history: new events are refused');
  return reasons;
}
