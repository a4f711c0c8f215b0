/** Functions written down briefly, and calls of the driver that say in words what it answered. */

import { dagDriver } from '../../../src/driver/dag/dag_driver.ts';
import type { Fetch, FetchInit } from '../../../src/driver/exchange.ts';
import type { Opcode } from '../../../src/driver/opcode.ts';
import type { CallRequest } from '../../../src/driver/request.ts';
import type { CallOutcome } from '../../../src/driver/response.ts';
import { type Dag, type DagEdge, type DagStep, triggerStep } from '../../../src/function/dag.ts';
import { canonicalJson } from '../../../src/lib/canonical_json.ts';
import { ulidFromBytes } from '../../../src/lib/ulid.ts';
import { stepKeyOf } from '../../../src/trace/step_key.ts';
import { manualClock } from '../manual_clock.ts';
import { sampleRequest } from '../sample_request.ts';

export interface BriefStep {
  /** `$trigger` when left out; a text stands for a plain edge. */
  readonly after?: readonly (string | DagEdge)[];
  readonly join?: DagStep['join'];
  readonly attempts?: number;
  readonly url?: string;
  readonly name?: string;
}

export function dagOf(steps: Readonly<Record<string, BriefStep>>): Dag {
  return {
    steps: Object.entries(steps).map(([id, brief]) => ({
      id,
      name: brief.name ?? id,
      url: brief.url ?? `http://steps.test/${encodeURIComponent(id)}`,
      attempts: brief.attempts ?? 3,
      join: brief.join ?? 'any',
      after: (brief.after ?? [triggerStep]).map((edge) =>
        typeof edge === 'string' ? { from: edge } : edge,
      ),
    })),
  };
}

/** The id under which a step, `wait:a→b` or `async:a→b` is known to the run. */
export function opIdOf(name: string): string {
  const [, kind, from, to] = /^(wait|async):(.+)→(.+)$/.exec(name) ?? [];
  return stepKeyOf(kind === undefined ? name : JSON.stringify([kind, from, to]));
}

export type Memo = readonly [name: string, value: unknown];

/** A step that ended well. */
export function done(id: string, body: unknown = null, edges?: object): Memo {
  return [id, { data: { status: 200, body, ...(edges && { edges }) } }];
}

export function failed(id: string, message = 'no'): Memo {
  return [id, { error: { name: 'Error', message } }];
}

/** Moments of the run under test: it began at noon, and it is an hour later. */
export const startMs = Date.UTC(2026, 5, 1, 12);
export const nowMs = startMs + 3_600_000;
export const runId = ulidFromBytes(startMs, new Uint8Array(10));

export interface Situation {
  /** In the order in which things ended. */
  readonly memos?: readonly Memo[];
  readonly event?: Readonly<Record<string, unknown>>;
  readonly request?: Partial<CallRequest>;
  /** A step by its id; a discovery when left out. */
  readonly target?: string;
  /** What steps answer. */
  readonly answer?: (url: string, init: FetchInit) => Response | Promise<Response>;
}

export function requestOf({ memos = [], event, request, target }: Situation): CallRequest {
  const eventText = canonicalJson(event ?? { name: 'test/go', data: {}, user: {} });
  return sampleRequest({
    runId,
    event: eventText,
    events: `[${eventText}]`,
    stack: memos.map(([name]) => opIdOf(name)),
    steps: memos.map(([name, value]) => [opIdOf(name), canonicalJson(value)] as const),
    stepId: target === undefined ? 'step' : opIdOf(target),
    maxAttempts: 20,
    ...request,
  });
}

export function call(dag: Dag, situation: Situation = {}): Promise<CallOutcome> {
  const { answer = () => Response.json({ ok: true }) } = situation;
  const fetch: Fetch = async (url, init) => answer(url, init);
  const loadSteps = async () => null;
  const driver = dagDriver({ clock: manualClock(nowMs), fetch, loadSteps })(dag);
  return driver.call(requestOf(situation));
}

/** What a discovery says, a line for each operation, or how the run ended. */
export async function discovered(dag: Dag, situation: Situation = {}): Promise<string[]> {
  const disableImmediateExecution = true;
  const request = { disableImmediateExecution, ...situation.request };
  const outcome = await call(dag, { ...situation, request });
  switch (outcome.kind) {
    case 'opcodes':
      return outcome.ops.map(inWords);
    case 'completed':
      return [`completed ${outcome.resultText}`];
    case 'failed':
      return [`${outcome.isRetriable ? 'failed for now' : 'failed'}: ${outcome.error.message}`];
  }
}

function inWords({ op, userland, opts, dataText, error }: Opcode): string {
  const id = userland?.id ?? '';
  switch (op) {
    case 'StepPlanned':
      return `plan ${id}`;
    case 'Sleep':
      return `${id} until ${String(opts.duration)}`;
    case 'WaitForEvent':
      return `${id} for ${String(opts.event)} ${String(opts.timeout)}${opts.if === undefined ? '' : ` if ${String(opts.if)}`}`;
    case 'StepRun':
      return `ran ${id} ${dataText}`;
    default:
      return `${op} ${id} ${error?.message ?? ''}`.trim();
  }
}

/** The decisions that a step's end stores with its output. */
export async function decisionsAfter(
  dag: Dag,
  target: string,
  situation: Situation = {},
): Promise<unknown> {
  const outcome = await call(dag, { ...situation, target });
  if (outcome.kind !== 'opcodes') throw new Error(`unexpected: ${outcome.kind}`);
  const data = outcome.ops[0]?.data;
  return typeof data === 'object' && data !== null && 'edges' in data ? data.edges : undefined;
}
