/**
 * The app of the benchmark: its own process, on the official SDK v4 and `inngest/bun`, counting what it
 * executes. BENCH_PORT, BENCH_CHECKPOINTING (on, off) and INNGEST_DEV (the server) say how.
 */
import { Inngest } from 'inngest';
import { serve } from 'inngest/bun';
import { type BatchShape, Tally } from './tally.ts';

const port = Number(process.env.BENCH_PORT);
const client = new Inngest({
  id: 'bench',
  checkpointing: process.env.BENCH_CHECKPOINTING === 'on',
});

const batches = new Map<string, Tally>();

/** A run of an unknown batch belongs to a warm-up or to nobody: it is counted nowhere. */
const nobody = new Tally({ id: '', runs: 1, stepsPerRun: 100 });

interface BenchData {
  readonly batch: string;
  readonly run: number;
}

function place(data: unknown): { tally: Tally; run: number } {
  // Every event of this app is sent by load.ts with this shape.
  const { batch, run } = data as BenchData;
  const tally = batches.get(batch);
  return tally ? { tally, run } : { tally: nobody, run: 0 };
}

const noop = client.createFunction(
  { id: 'noop', triggers: [{ event: 'bench/noop' }] },
  ({ event }) => {
    const { tally, run } = place(event.data);
    tally.started(run);
    tally.returned(run);
  },
);

const sequential = (id: string, steps: number) =>
  client.createFunction({ id, triggers: [{ event: `bench/${id}` }] }, async ({ event, step }) => {
    const { tally, run } = place(event.data);
    tally.started(run);
    for (let index = 0; index < steps; index++) {
      await step.run(`step ${index}`, () => {
        tally.executed(run, index);
        return index;
      });
    }
    tally.returned(run);
  });

const parallel = client.createFunction(
  { id: 'parallel', triggers: [{ event: 'bench/parallel' }] },
  async ({ event, step }) => {
    const { tally, run } = place(event.data);
    tally.started(run);
    const branches = Array.from({ length: 100 }, (_, index) =>
      step.run(`branch ${index}`, () => {
        tally.executed(run, index);
        return index;
      }),
    );
    await Promise.all(branches);
    tally.returned(run);
  },
);

const handle = serve({
  client,
  functions: [noop, sequential('one', 1), sequential('ten', 10), parallel],
});

async function control(request: Request, url: URL): Promise<Response> {
  if (url.pathname === '/control/batch' && request.method === 'POST') {
    const shape = (await request.json()) as BatchShape;
    batches.set(shape.id, new Tally(shape));
    return new Response();
  }
  const tally = batches.get(url.searchParams.get('batch') ?? '');
  if (!tally) return new Response('no such batch', { status: 404 });
  const ended = url.searchParams.get('ended');
  if (ended !== null) await tally.whenEnded(Number(ended));
  return url.pathname === '/control/report' ? Response.json(tally.report()) : new Response();
}

Bun.serve({
  port,
  hostname: '127.0.0.1',
  idleTimeout: 0,
  fetch: (request) => {
    const url = new URL(request.url);
    if (url.pathname === '/control/health') return new Response();
    if (url.pathname.startsWith('/control/')) return control(request, url);
    return handle(request);
  },
});
