/**
 * What this process uses, under the names that Prometheus' client libraries share. The library's own collection also
 * watches the garbage collector and samples the event loop a hundred times a second, which an idle server would feel.
 */
import { readdir, readFile } from 'node:fs/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Readings } from './reading.ts';

/** How often the event loop is asked for its delay, once somebody has scraped. */
const lagSampleMs = 100;

export function addProcessMetrics(readings: Readings): void {
  readings.counter({
    name: 'process_cpu_seconds_total',
    help: 'CPU time that this process has used, user and system together.',
    read: () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    },
  });
  readings.gauge({
    name: 'process_resident_memory_bytes',
    help: 'Memory of this process that is in RAM.',
    read: () => process.memoryUsage.rss(),
  });
  readings.gauge({
    name: 'process_heap_bytes',
    help: 'Memory that JavaScript objects of the main thread take.',
    read: () => process.memoryUsage().heapUsed,
  });
  const startedSeconds = Date.now() / 1000 - process.uptime();
  readings.gauge({
    name: 'process_start_time_seconds',
    help: 'When this process started, in seconds since 1970.',
    read: () => startedSeconds,
  });
  readings.gauge({
    name: 'process_open_fds',
    help: 'Open files and sockets. Linux only.',
    read: openFiles,
  });
  readings.gauge({
    name: 'process_max_fds',
    help: 'Open files and sockets at most. Linux only.',
    read: openFilesMax,
  });
  addLag(readings);
}

/** Both are of the time since the last scrape. */
function addLag(readings: Readings): void {
  let samples: ReturnType<typeof monitorEventLoopDelay> | null = null;
  readings.gauge({
    name: 'inngest_event_loop_lag_seconds',
    help: 'How late the main thread came to its work since the last scrape.',
    labelNames: ['stat'],
    read: () => {
      if (samples === null) {
        samples = monitorEventLoopDelay({ resolution: lagSampleMs });
        samples.enable();
        return null;
      }
      const values = [
        { labels: { stat: 'max' }, value: seconds(samples.max) },
        { labels: { stat: 'p99' }, value: seconds(Math.min(samples.max, samples.percentile(99))) },
        { labels: { stat: 'mean' }, value: seconds(samples.mean) },
      ];
      samples.reset();
      return values;
    },
  });
}

/** Of nanoseconds; 0 when there was no sample. */
function seconds(ns: number): number {
  return Number.isFinite(ns) && ns > 0 ? ns / 1e9 : 0;
}

async function openFiles(): Promise<number | null> {
  if (process.platform !== 'linux') return null;
  // Reading the folder opens one more.
  return (await readdir('/proc/self/fd')).length - 1;
}

async function openFilesMax(): Promise<number | null> {
  if (process.platform !== 'linux') return null;
  const limits = await readFile('/proc/self/limits', 'utf8');
  const soft = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
  return soft === undefined ? null : Number(soft);
}
