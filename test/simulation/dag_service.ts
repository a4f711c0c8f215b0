/** The steps of declared functions in the simulator: they take time, fail as they are told, and remember who called. */

import type { Fetch } from '../../src/driver/exchange.ts';
import type { Dag } from '../../src/function/dag.ts';
import { documentRegistration } from '../../src/function/document_registration.ts';
import { peek } from '../../src/queue/queue.ts';
import type { World } from './world.ts';

export interface StepRequest {
  readonly ctx: {
    readonly attempt: number;
    readonly run_id: string;
    readonly step_id: string;
    readonly stack: { readonly current: number; readonly stack: readonly string[] };
  };
  readonly event: unknown;
  readonly steps: Readonly<Record<string, { readonly status: number; readonly body: unknown }>>;
  readonly async?: unknown;
}

export interface StepAnswer {
  readonly status?: number;
  readonly body?: unknown;
  readonly afterMs?: number;
}

export class StepService {
  readonly calls: StepRequest[] = [];
  /** Looks at each call when it comes in. */
  onCall: (request: StepRequest) => void = () => undefined;
  #pending = 0;

  constructor(
    private readonly world: World,
    private readonly answer: (request: StepRequest) => StepAnswer,
  ) {
    world.stepFetch = this.fetch;
  }

  private readonly fetch: Fetch = async (_url, init) => {
    const { world } = this;
    const request = JSON.parse(String(init.body)) as StepRequest; // Written by the driver under test.
    world.app.activity += 1;
    this.calls.push(request);
    this.onCall(request);
    const { status = 200, body = null, afterMs = 0 } = this.answer(request);
    this.#pending += 1;
    await new Promise<void>((resolve) => {
      world.clock.at(world.clock.now() + afterMs, resolve);
    });
    this.#pending -= 1;
    world.app.activity += 1;
    return Response.json(body, { status });
  };

  /** How often each step was called, over all runs. */
  get counts(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { ctx } of this.calls) counts[ctx.step_id] = (counts[ctx.step_id] ?? 0) + 1;
    return counts;
  }

  /** Lets `ms` pass, from one thing that is due to the next, or until `isOver`. */
  async letPass(ms: number, isOver: () => boolean = () => false): Promise<void> {
    const { world } = this;
    const untilMs = world.clock.now() + ms;
    await world.settle();
    while (!isOver()) {
      const { nextMs: queuedMs } = await peek(world.store, world.clock.now(), 1);
      // A call under way ends by a timer; leases are extended meanwhile.
      const nextMs = this.#pending > 0 ? world.clock.nextMs : queuedMs;
      if (nextMs === null || nextMs > untilMs) break;
      world.clock.goTo(nextMs);
      await world.settle();
    }
    if (isOver()) return;
    world.clock.goTo(untilMs);
    await world.settle();
  }
}

/** Declares the function `cue-<id>` with these steps, as a document would. */
export async function declare(world: World, id: string, dag: Dag): Promise<void> {
  const attemptsMax = Math.max(...dag.steps.map(({ attempts }) => attempts));
  const { registry } = world.server;
  const fn = {
    slug: `cue-${id}`,
    name: id,
    triggers: [{ event: 'test/go' }],
    url: 'http://steps.test/',
    driver: 'dag',
    dag,
    retries: attemptsMax - 1,
    concurrency: [],
    runConcurrency: [],
    cancel: [],
  } as const;
  await registry.sync(documentRegistration([fn]));
  await world.settle();
}
