/** The user's app in the simulator: a driver whose functions are workflows or scripted answers. */
import type { Driver } from '../../src/driver/driver.ts';
import type { CallRequest } from '../../src/driver/request.ts';
import { type CallOutcome, interpret } from '../../src/driver/response.ts';
import type { Clock } from '../../src/lib/clock.ts';
import { type Execution, play, type WireAnswer, type Workflow } from './workflow.ts';

export type Answerer = (request: CallRequest) => WireAnswer | Promise<WireAnswer>;

/** Opcodes as an SDK sends them. */
export function ops(...body: readonly object[]): WireAnswer {
  return { status: 206, body };
}

export class FakeApp implements Driver {
  readonly calls: CallRequest[] = [];
  readonly executions: Execution[] = [];
  /** Version that the app says it speaks while the server does not know. */
  requestVersion = 2;
  /** Grows with everything that happens here. */
  activity = 0;
  /** Looks at each execution of a step as it happens. */
  onExecution: (execution: Execution, request: CallRequest) => void = () => undefined;
  readonly #answerers = new Map<string, Answerer>();
  readonly #gates: {
    readonly matches: (request: CallRequest) => boolean;
    readonly opened: Promise<void>;
  }[] = [];

  constructor(private readonly clock: Clock) {}

  workflow(slug: string, workflow: Workflow): void {
    this.#answerers.set(slug, (request) =>
      play(workflow, request, (execution) => {
        this.executions.push(execution);
        this.onExecution(execution, request);
      }),
    );
  }

  /** Scripted answers, one per call; the last one repeats. */
  answers(slug: string, ...answers: readonly (WireAnswer | Answerer)[]): void {
    let next = 0;
    this.#answerers.set(slug, (request) => {
      const answer = answers[Math.min(next, answers.length - 1)];
      next += 1;
      if (answer === undefined) throw new Error(`no answer for ${slug}`);
      return typeof answer === 'function' ? answer(request) : answer;
    });
  }

  /** Holds the answers of matching calls back until the returned function is called. */
  hold(matches: (request: CallRequest) => boolean): () => void {
    let open = (): void => undefined;
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    const gate = { matches, opened };
    this.#gates.push(gate);
    return () => {
      this.#gates.splice(this.#gates.indexOf(gate), 1);
      this.activity += 1;
      open();
    };
  }

  get isHolding(): boolean {
    return this.#gates.length > 0;
  }

  /** Calls as `step` or `step:<target>`, for one function or all. */
  callsOf(slug?: string): string[] {
    return this.calls
      .filter((call) => slug === undefined || call.functionSlug === slug)
      .map(({ stepId }) => stepId);
  }

  ran(stepId: string): number {
    return this.executions.filter((execution) => execution.stepId === stepId).length;
  }

  async call(request: CallRequest): Promise<CallOutcome> {
    this.activity += 1;
    this.calls.push(request);
    const answerer = this.#answerers.get(request.functionSlug);
    const answer: WireAnswer = answerer
      ? await answerer(request)
      : { status: 404, body: { name: 'Error', message: 'no such function' } };
    for (const gate of [...this.#gates]) if (gate.matches(request)) await gate.opened;
    this.activity += 1;
    const version = request.requestVersion > 0 ? request.requestVersion : this.requestVersion;
    return interpret(
      {
        status: answer.status,
        headers: {
          'x-inngest-sdk': 'js:v4.18.1',
          'x-inngest-req-version': String(version),
          ...answer.headers,
        },
        body: JSON.stringify(answer.body),
      },
      { ...request, nowMs: this.clock.now() },
    );
  }
}
