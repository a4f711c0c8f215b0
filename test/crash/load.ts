/** Keeps a number of scenarios going until it is told to begin no more. */
import { eventually } from '../eventually.ts';
import type { CrashApp } from './app.ts';
import { eventNames, type Scenario, type Step, scenarioOf, stepsOf } from './plan.ts';
import { type Random, seededRandom } from './random.ts';
import type { Event, Sender } from './sender.ts';

/** After this the next scenario begins; the one at hand goes on by itself and is looked at in the end. */
const patienceMs = 20_000;
/** A lease of a killed server's, and then some. */
const cancelPatienceMs = 60_000;
const approvalIntervalMs = 400;
/** An event that a wait is due for is sent until the wait is over; a server that never sees it is found out. */
const approvalsMax = 400;

export class Load {
  readonly scenarios: Scenario[] = [];
  readonly #endless: Promise<void>[] = [];
  #isOver = false;

  constructor(
    private readonly app: CrashApp,
    private readonly sender: Sender,
    private readonly seed: number,
    private readonly atOnce: number,
  ) {}

  /** Resolves when the load has been told to end and every scenario has had its events. */
  async run(): Promise<void> {
    const slots = Array.from({ length: this.atOnce }, async () => {
      while (!this.#isOver) {
        const scenario = scenarioOf(this.seed, this.scenarios.length);
        this.scenarios.push(scenario);
        await this.#play(scenario, seededRandom(this.seed, -this.scenarios.length));
      }
    });
    await Promise.all(slots);
    await Promise.all(this.#endless);
  }

  end(): void {
    this.#isOver = true;
  }

  async #play(scenario: Scenario, random: Random): Promise<void> {
    await this.sender.post(eventsOf(scenario), random);
    if (scenario.kind === 'cancelled') await this.#cancel(scenario, random);
    if (scenario.kind !== 'workflow') return;
    const { key, workflow } = scenario;
    for (const step of stepsOf(workflow)) {
      if (step.kind === 'wait' || step.kind === 'raced') {
        this.#endless.push(this.#approve(key, step, random));
      }
    }
    await this.#patiently(() => this.app.hasReturned('workflow', key));
  }

  /** Sends events that end a wait until it has ended: the last one sent before it began counts for nothing. */
  async #approve(key: string, step: Step, random: Random): Promise<void> {
    for (let count = 0; count < approvalsMax; count += 1) {
      const eid = `${key}:${step.id}:${count}`;
      await this.sender.post(
        [{ name: 'crash/approval', data: { eid, run: key, step: step.id } }],
        random,
      );
      const isOver = () => this.app.hasMemo(key, step.id) || this.app.hasReturned('workflow', key);
      const deadlineMs = approvalIntervalMs;
      const isSeen = await eventually(isOver, { deadlineMs }).catch(() => false);
      if (isSeen) return;
    }
  }

  /** When its first step has been seen: a run cannot be cancelled before it exists. */
  async #cancel({ key, by }: Extract<Scenario, { kind: 'cancelled' }>, random: Random) {
    const runId = await eventually(
      () => this.app.runIds('cancelled', key).find((id) => this.app.hasExecuted(id, 's0')),
      { deadlineMs: cancelPatienceMs },
    ).catch(() => null);
    // Found out in the end: it was acknowledged.
    if (runId === null) return;
    if (by === 'api') return this.sender.cancel(runId);
    const data = { eid: `${key}.cancel`, run: key };
    return this.sender.post([{ name: 'crash/cancel', data }], random);
  }

  async #patiently(isDone: () => boolean): Promise<void> {
    await eventually(isDone, { deadlineMs: patienceMs }).catch(() => undefined);
  }
}

function eventsOf(scenario: Scenario): Event[] {
  const { key, kind } = scenario;
  const name = eventNames[kind];
  switch (scenario.kind) {
    case 'workflow':
    case 'cancelled':
      return [{ name, data: { eid: key, workflow: scenario.workflow } }];
    case 'lane':
      return [{ name, data: { eid: key, workflow: scenario.workflow, lane: scenario.lane } }];
    case 'batch':
      return Array.from({ length: scenario.count }, (_, at) => ({
        name,
        data: { eid: `${key}.${at}` },
      }));
    case 'noise':
      return [{ name, data: { eid: key } }];
  }
}
