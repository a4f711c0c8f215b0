/** The HTTP doors over the parts behind them. */
import { createApp } from '../api/app.ts';
import type { Services } from '../api/services.ts';
import { version } from '../cli/version.ts';
import { AsyncCheckpoints } from '../executor/checkpoints.ts';
import { RunControl } from '../executor/runs.ts';
import { SignalSender } from '../executor/signals.ts';
import { SyncRuns } from '../executor/sync_runs.ts';
import { HistoryUnavailableError } from '../history/history_error.ts';
import type { OutboxPump } from '../history/outbox_pump.ts';
import { EventIntake } from '../runner/event_intake.ts';
import type { Store } from '../store/store.ts';
import { type Ground, kindOf } from './ground.ts';
import type { ReadingParts } from './reading.ts';
import { terminatorOn } from './work.ts';

/** Closes connections that have been silent this long. Requests that wait longer (`/output`) say so themselves. */
const idleTimeoutS = 60;

export function openDoors(ground: Ground, { pump, fresh, outputs }: ReadingParts) {
  const { store, clock, limits, newId, settings, registry, log, gate } = ground;
  const { retryIntervalMs } = settings;
  const terminator = terminatorOn(store, ground, outputs);
  const checkpoints = new AsyncCheckpoints({ store, clock, limits, terminator, newId });
  const syncRuns = new SyncRuns({ store, clock, limits, terminator, newId, retryIntervalMs });
  const intake = new EventIntake(store);
  let isClosing = false;
  const services: Services = {
    clock,
    kind: kindOf(settings),
    version,
    signingKey: settings.signingKey,
    eventKeys: settings.eventKeys,
    intake: {
      accept: (events) => intake.accept(events),
      isOverloaded: () => isClosing || intake.isOverloaded() || pump.isBehind,
    },
    runs: new RunControl(store, terminator, async (id) => {
      if ((await fresh.run(id)) !== null) return true;
      if (pump.isCaughtUp) return false;
      throw new HistoryUnavailableError('history does not have everything that happened yet');
    }),
    signals: new SignalSender(store, clock),
    checkpoints: {
      saveAsync: (request) => checkpoints.save(request),
      createSync: (request) => syncRuns.create(request),
      saveSync: (runId, _functionId, steps) => syncRuns.save(runId, steps),
      output: (runId, signal) => outputs.output(runId, signal),
    },
    limits,
    history: fresh,
    settled: gate(async () => {}),
    readiness: {
      reasons: () => [
        ...(isClosing ? ['the server is stopping'] : []),
        ...readinessReasons(store, pump),
      ],
    },
  };
  const app = createApp(services, registry, log).listen({
    port: settings.port,
    hostname: settings.host,
    idleTimeout: idleTimeoutS,
  });
  const port = app.server?.port ?? settings.port;
  return {
    url: `http://${displayHost(settings.host)}:${port}`,
    closeIntake: () => {
      isClosing = true;
    },
    close: () => app.stop(true),
  };
}

function readinessReasons(store: Store, pump: OutboxPump): string[] {
  const reasons: string[] = [];
  const trouble = store.trouble();
  if (trouble !== null) reasons.push(trouble);
  else if (pump.failures > 0)
    reasons.push('history cannot be written; what happens is kept until it can');
  if (pump.isBehind)
    reasons.push('too much waits to be written to history: new events are refused');
  return reasons;
}

function displayHost(host: string): string {
  return host === '0.0.0.0' || host === '::' ? 'localhost' : host;
}
