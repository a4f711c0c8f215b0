/** The main thread's side of the exporter's thread: starts it when there is something to do, and again if it dies. */

import type { ExporterAnswer, ExporterRequest } from './exporter_message.ts';
import type { ExporterSettings } from './exporter_settings.ts';

export interface ExporterThread {
  /** Null when the thread was lost before it answered. */
  ask(request: Exclude<ExporterRequest, { kind: 'open' }>): Promise<ExporterAnswer | null>;
  /** For good: every later question is answered with null. */
  end(): void;
}

type Waiter = (answer: ExporterAnswer | null) => void;

/** `lost` is told why a thread ended; what waited in it is gone. Callers bound how many requests they have open. */
export function exporterThread(
  settings: ExporterSettings,
  lost: (reason: string) => void,
): ExporterThread {
  let worker: Worker | null = null;
  let waiters: Waiter[] = [];
  let isEnded = false;

  const abandon = (): void => {
    const abandoned = waiters;
    waiters = [];
    worker?.terminate();
    worker = null;
    for (const waiter of abandoned) waiter(null);
  };

  const start = (): Worker => {
    const started = new Worker(new URL('./exporter_worker.ts', import.meta.url), { smol: true });
    const lose = (reason: string): void => {
      if (worker !== started) return;
      abandon();
      lost(reason);
    };
    started.onmessage = (message: MessageEvent<ExporterAnswer>) => {
      if (worker === started) waiters.shift()?.(message.data);
    };
    started.onerror = (event) => lose(event.message);
    started.addEventListener('close', () => lose('its thread ended'));
    worker = started;
    const { queueMax, isCompressed, encoding, resource, hasPayloads } = settings;
    const form = { encoding, resource, hasPayloads };
    post(started, { kind: 'open', form, isCompressed, queueMax }, () => undefined);
    return started;
  };

  const post = (to: Worker, request: ExporterRequest, waiter: Waiter): void => {
    waiters.push(waiter);
    to.postMessage(request);
  };

  return {
    async ask(request) {
      if (isEnded) return null;
      try {
        return await new Promise((resolve) => post(worker ?? start(), request, resolve));
      } catch (error) {
        // No thread could be started. Exporting is best effort: the server goes on.
        abandon();
        lost(error instanceof Error ? error.message : String(error));
        return null;
      }
    },
    end() {
      isEnded = true;
      abandon();
    },
  };
}
