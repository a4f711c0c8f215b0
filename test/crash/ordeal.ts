/** One trial of a deployment: load, kills, an end, and what the checker says. */
import { eventually } from '../eventually.ts';
import { CrashApp } from './app.ts';
import { check, type Rules, type Violation } from './checker.ts';
import type { Deployment, Opening } from './deployment.ts';
import { readHistory } from './history.ts';
import { Load } from './load.ts';
import { type PredictedRun, predict } from './model.ts';
import type { Observations } from './observation.ts';
import { laneLimit, type Scenario } from './plan.ts';
import { seededRandom } from './random.ts';
import { leftoversOf } from './remains.ts';
import { Sender } from './sender.ts';

export interface OrdealOptions {
  readonly open: Opening;
  readonly seed: number;
  readonly kills: number;
  readonly isCheckpointing: boolean;
  /** Scenarios under way at a time. */
  readonly atOnce: number;
  readonly rules: Omit<Rules, 'laneLimit'>;
  /** From the last kill until every run has ended. */
  readonly endDeadlineMs: number;
}

export interface Outcome {
  readonly violations: readonly Violation[];
  /** What happened, for people. */
  readonly summary: string;
  /** All there is to know of what went wrong; empty when nothing did. */
  readonly report: string;
}

/** The stream of chance that the kills are from; scenarios have the others. */
const killStream = 1_000_003;
/** Ends and beginnings again, for the work of the last moments. */
const graceRounds = 5;

export async function undergo(options: OrdealOptions): Promise<Outcome> {
  const deployment = await options.open();
  const app = await CrashApp.start({
    serverUrl: () => deployment.serverUrl(),
    isCheckpointing: options.isCheckpointing,
  });
  try {
    return await new Ordeal(options, deployment, app).run();
  } catch (cause) {
    const words = lastWords(await deployment.logs()).join('\n');
    throw new Error(`the trial with CRASH_SEED=${options.seed} broke off: ${cause}\n${words}`, {
      cause,
    });
  } finally {
    await app.stop();
    await deployment.dispose();
  }
}

class Ordeal {
  readonly #sender: Sender;
  readonly #load: Load;
  readonly #killsMs: number[] = [];
  #hits = 0;
  #callsHit = 0;

  constructor(
    private readonly options: OrdealOptions,
    private readonly deployment: Deployment,
    private readonly app: CrashApp,
  ) {
    this.#sender = new Sender(() => deployment.serverUrl());
    this.#load = new Load(app, this.#sender, options.seed, options.atOnce);
  }

  async run(): Promise<Outcome> {
    const startedMs = performance.now();
    await this.app.register();
    await this.#strikeUnderLoad();
    const killedMs = performance.now();
    const predictions = this.#load.scenarios.flatMap(predict);
    const pending = await this.#untilEnded(predictions);
    const keys = await this.#endServers();
    const seen = await this.#observe(keys);
    const rules = { ...this.options.rules, laneLimit };
    const violations = [...check(predictions, seen, rules), ...pending];
    const tookS = [killedMs - startedMs, performance.now() - killedMs].map((ms) =>
      Math.round(ms / 1000),
    );
    const summary = `${this.#counts(seen)}; ${tookS[0]} s under fire, ${tookS[1]} s to the end`;
    return { violations, summary, report: await this.#report(violations, seen) };
  }

  async #strikeUnderLoad(): Promise<void> {
    const random = seededRandom(this.options.seed, killStream);
    const loading = this.#load.run();
    // Awaited below, when the last kill is over: until then a failure must not count as unhandled.
    loading.catch(() => undefined);
    try {
      while (this.#killsMs.length < this.options.kills) {
        await this.deployment.strike(random, {
          isBusy: () => this.#openCalls() > 0,
          onKill: () => this.#noteKill(),
        });
      }
      await this.deployment.recover();
    } finally {
      this.#load.end();
    }
    await loading;
  }

  /** What was called by a server that is dead already cannot be hit again. Where others live on, all counts. */
  #openCalls(): number {
    const { doLeasesOutlive } = this.options.rules;
    return this.app.openCalls(doLeasesOutlive ? 0 : (this.#killsMs.at(-1) ?? 0));
  }

  #noteKill(): void {
    const openCalls = this.#openCalls();
    this.#killsMs.push(Date.now());
    this.#callsHit += openCalls;
    if (openCalls > 0) this.#hits += 1;
  }

  /** Resolves when every run has ended as far as the server's own answers go; otherwise says which have not. */
  async #untilEnded(predictions: readonly PredictedRun[]): Promise<Violation[]> {
    let open = predictions;
    const look = async () => {
      open = await this.#stillOpen(open);
      return open.length === 0;
    };
    const { endDeadlineMs: deadlineMs } = this.options;
    await eventually(look, { deadlineMs, intervalMs: 200 }).catch(() => undefined);
    return open.map(({ fn, eid }) => ({
      rule: 'a run did not end in time',
      subject: eid,
      detail: `${fn}: ${this.app.runIds(fn, eid).join(', ') || 'never called'}`,
    }));
  }

  async #stillOpen(predictions: readonly PredictedRun[]): Promise<PredictedRun[]> {
    const open: PredictedRun[] = [];
    const rest = [...predictions];
    const looks = Array.from({ length: 16 }, async () => {
      for (let each = rest.pop(); each !== undefined; each = rest.pop()) {
        if (!(await this.#hasEnded(each))) open.push(each);
      }
    });
    await Promise.all(looks);
    return open;
  }

  async #hasEnded({ fn, eid }: PredictedRun): Promise<boolean> {
    const runIds = this.app.runIds(fn, eid);
    if (runIds.length === 0) return false;
    for (const runId of runIds) {
      // The server's own objects.
      const run = (await this.#sender.look(`/v1/runs/${runId}`)) as { ended_at: unknown } | null;
      if (run === null || run.ended_at === null) return false;
    }
    return true;
  }

  /** The keys that are left; the server gets time for what tells of the last runs, but for nothing else. */
  async #endServers(): Promise<readonly string[]> {
    for (let round = 1; ; round += 1) {
      const keys = await this.deployment.end();
      const { leaked, lingering } = leftoversOf(keys);
      if (leaked.length > 0 || lingering.length === 0 || round === graceRounds) return keys;
      await this.deployment.recover();
    }
  }

  async #observe(keys: readonly string[]): Promise<Observations> {
    const { calls, executions, checkpoints } = this.app;
    const { postings, refusals } = this.#sender;
    const history = await readHistory(this.deployment.history, 'crash');
    const killsMs = this.#killsMs;
    return { postings, refusals, calls, executions, checkpoints, ...history, keys, killsMs };
  }

  #counts(seen: Observations): string {
    const results = seen.executions.filter(
      ({ hasThrown, stepId }) => !hasThrown && stepId !== 'body',
    );
    const distinct = new Set(results.map(({ runId, stepId }) => `${runId} ${stepId}`));
    return [
      `${this.deployment.name}, seed ${this.options.seed}, checkpointing ${this.options.isCheckpointing ? 'on' : 'off'}`,
      `${this.#killsMs.length} kills, ${this.#hits} of them hit ${this.#callsHit} calls under way`,
      `${this.#load.scenarios.length} scenarios, ${seen.runs.length} runs, ${seen.events.length} events in history`,
      `${this.#sender.lost} requests refused or unanswered`,
      `at most ${seconds(longestSilenceMs(seen))} s without a call`,
      `at most ${seconds(slowestStartMs(seen))} s from an event's acknowledgement to the first call`,
      `${seen.calls.length} calls, ${distinct.size} steps executed, ${results.length - distinct.size} more than once`,
    ].join('; ');
  }

  async #report(violations: readonly Violation[], seen: Observations): Promise<string> {
    const [first] = violations;
    if (first === undefined) return '';
    const listed = violations
      .slice(0, 20)
      .map((each) => `  ${each.rule}: ${each.subject}: ${each.detail}`);
    return [
      `CRASH_SEED=${this.options.seed} gives the same plan and, as far as the machine does, the same kills.`,
      `${violations.length} violations:`,
      ...listed,
      ...this.#story(first.subject, seen),
      ...lastWords(await this.deployment.logs()),
    ].join('\n');
  }

  /** The plan of the scenario that a violation is about, and all that was seen of it. */
  #story(subject: string, seen: Observations): string[] {
    const runs = seen.runs.filter(({ runId }) => runId === subject);
    const eids = seen.calls.filter(({ runId }) => runs.some((run) => run.runId === runId));
    const eid = eids[0]?.eid ?? subject;
    const scenario = this.#load.scenarios.find(({ key }) => isPartOf(eid, key));
    const calls = seen.calls.filter((call) => call.eid === eid);
    const runIds = new Set(calls.map(({ runId }) => runId));
    return [
      `plan: ${JSON.stringify(scenario)}`,
      ...seen.postings
        .filter((posting) => posting.eids.includes(eid))
        .map(
          (posting) =>
            `posted ${posting.attempts} times as ${posting.internalIds.slice(0, 3).join(', ')}`,
        ),
      ...seen.runs
        .filter(({ runId }) => runIds.has(runId))
        .map((run) => `run ${JSON.stringify(run)}`),
      ...calls.map((call) => `call ${JSON.stringify({ ...call, memos: [...call.memos.keys()] })}`),
      ...seen.executions
        .filter(({ runId }) => runIds.has(runId))
        .map((execution) => `executed ${JSON.stringify(execution)}`),
      `killed at ${seen.killsMs.join(', ')}`,
    ];
  }
}

/** How long an event waited for its function; for events that start exactly one without a limit. */
function slowestStartMs({ calls, postings }: Observations): number {
  const firstMs = new Map<string, number>();
  for (const { eid, receivedAtMs } of calls) {
    firstMs.set(eid, Math.min(receivedAtMs, firstMs.get(eid) ?? receivedAtMs));
  }
  const waits = postings
    .filter(({ name }) => name === 'crash/workflow' || name === 'crash/cancelled')
    .map(({ eids, acknowledgedAtMs }) => (firstMs.get(eids[0] ?? '') ?? 0) - acknowledgedAtMs);
  return Math.max(0, ...waits);
}

function seconds(ms: number): number {
  return Math.round(ms / 100) / 10;
}

function lastWords(logs: string): string[] {
  return [`the servers' last words:`, ...logs.split('\n').slice(-60)];
}

/** For how long the app was not called: a server that is well again and does nothing is slow to take up its work. */
function longestSilenceMs({ calls }: Observations): number {
  const times = calls.map(({ builtAtMs }) => builtAtMs).sort((left, right) => left - right);
  return times.reduce((most, ms, at) => Math.max(most, ms - (times[at - 1] ?? ms)), 0);
}

/** `eid` is that of a scenario's event, or of a run that came of it. */
function isPartOf(eid: string, key: Scenario['key']): boolean {
  return eid === key || (eid.startsWith(key) && /^[./:]/.test(eid.slice(key.length)));
}
