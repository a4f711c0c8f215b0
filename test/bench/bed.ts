/** What a row is measured on: a compiled server on a durable directory, and the app in its own process. */
import { join } from 'node:path';
import { eventually } from '../eventually.ts';
import { freePort } from '../free_port.ts';
import { type ServerOptions, ServerProcess } from '../server_process.ts';
import { type BatchReport, type BatchShape, preciseNow } from './tally.ts';

export type BenchFunction = 'noop' | 'one' | 'ten' | 'parallel';

const stepsOf: Record<BenchFunction, number> = { noop: 0, one: 1, ten: 10, parallel: 100 };
const appProgram = join(import.meta.dir, 'bench_app.ts');
const eventsPerRequest = 500;
/** A row that has not finished its runs by then has lost some. */
const batchDeadlineMs = 180_000;

export interface Round extends BatchReport {
  readonly sentAt: number;
  /** When the last request with events had been answered. */
  readonly acceptedAt: number;
}

export class BenchApp {
  private constructor(
    readonly url: string,
    private readonly child: Bun.Subprocess,
  ) {}

  static async start(serverUrl: string, checkpointing: 'on' | 'off'): Promise<BenchApp> {
    const port = await freePort();
    const child = Bun.spawn([process.execPath, appProgram], {
      env: {
        ...process.env,
        NODE_ENV: 'production',
        INNGEST_DEV: serverUrl,
        BENCH_PORT: String(port),
        BENCH_CHECKPOINTING: checkpointing,
      },
      stdin: 'ignore',
      stdout: 'ignore',
      stderr: 'inherit',
    });
    process.once('exit', () => child.kill('SIGKILL'));
    const url = `http://127.0.0.1:${port}`;
    await eventually(async () => (await fetch(`${url}/control/health`)).ok, {
      what: 'an app that answers',
    });
    return new BenchApp(url, child);
  }

  async stop(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.child.exited;
  }
}

export class Bed {
  private batches = 0;

  private constructor(
    readonly server: ServerProcess,
    readonly app: BenchApp,
  ) {}

  static async make(
    checkpointing: 'on' | 'off' = 'off',
    options: ServerOptions = { retryIntervalS: null },
  ): Promise<Bed> {
    const server = await ServerProcess.start(options);
    const app = await BenchApp.start(server.url, checkpointing);
    const bed = new Bed(server, app);
    const registered = await fetch(`${app.url.replace('127.0.0.1', 'localhost')}/api/inngest`, {
      method: 'PUT',
    });
    if (!registered.ok) throw new Error(`registration: ${await registered.text()}`);
    return bed;
  }

  async dispose(): Promise<void> {
    await this.app.stop();
    await this.server.dispose();
  }

  /** Starts that many runs with arrays of events and resolves when all have returned, exactly once each. */
  async play(name: BenchFunction, runs: number): Promise<Round> {
    const batch = await this.batch(name, runs);
    const sentAt = preciseNow();
    for (let from = 0; from < runs; from += eventsPerRequest) {
      const count = Math.min(eventsPerRequest, runs - from);
      await this.send(
        Array.from({ length: count }, (_, index) => ({
          name: `bench/${name}`,
          data: { batch, run: from + index },
        })),
      );
    }
    const acceptedAt = preciseNow();
    return { ...(await this.report(batch, runs)), sentAt, acceptedAt };
  }

  /** Runs one after another; how long each took from the sending of its event, in ms. */
  async playInTurn(
    name: BenchFunction,
    runs: number,
    until: 'firstAt' | 'endAt',
  ): Promise<{ latenciesMs: number[]; miscounted: readonly string[] }> {
    const batch = await this.batch(name, runs);
    const sentAt: number[] = [];
    for (let run = 0; run < runs; run++) {
      sentAt.push(preciseNow());
      await this.send([{ name: `bench/${name}`, data: { batch, run } }]);
      await this.askApp(`/control/wait?batch=${batch}&ended=${run + 1}`);
    }
    const report = await this.report(batch, runs);
    return {
      latenciesMs: sentAt.map((sent, run) => (report[until][run] ?? Number.NaN) - sent),
      miscounted: report.miscounted,
    };
  }

  /** Sends events in one request; all must be accepted. */
  async send(events: readonly unknown[]): Promise<string[]> {
    const answer = await fetch(`${this.server.url}/e/bench`, {
      method: 'POST',
      body: JSON.stringify(events),
    });
    const { ids } = (await answer.json()) as { ids?: string[] };
    if (answer.status !== 200 || ids?.length !== events.length) {
      throw new Error(`${events.length} events sent: ${answer.status}, ${ids?.length} accepted`);
    }
    return ids;
  }

  private async batch(name: BenchFunction, runs: number): Promise<string> {
    const shape: BatchShape = {
      id: `${name}-${++this.batches}`,
      runs,
      stepsPerRun: stepsOf[name],
    };
    await fetch(`${this.app.url}/control/batch`, { method: 'POST', body: JSON.stringify(shape) });
    return shape.id;
  }

  private async report(batch: string, ended: number): Promise<BatchReport> {
    const answer = await this.askApp(`/control/report?batch=${batch}&ended=${ended}`);
    return (await answer.json()) as BatchReport;
  }

  private async askApp(path: string): Promise<Response> {
    const answer = await fetch(`${this.app.url}${path}`, {
      signal: AbortSignal.timeout(batchDeadlineMs),
    }).catch((error) => {
      throw new Error(`runs were lost: ${path} not reached in ${batchDeadlineMs} ms`, {
        cause: error,
      });
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    return answer;
  }
}
