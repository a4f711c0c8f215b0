/**
 * What may be written onto a run, and how it becomes facts (observability-ui.md §7.5, sdk-http-protocol.md §9.1):
 * the same for every door and for the opcodes of SDKs.
 */
import type { MetadataFact } from '../history/fact.ts';
import { ulid } from '../lib/ulid.ts';
import { stepKeyOf } from './step_key.ts';

export const entryBytesMax = 64 * 1024;
export const runBytesMax = 1024 * 1024;
/** What `kind` may have. */
export const kindCharsMax = 128;
/** Calls may bring more than a reader wants; this bounds the work, the sizes above bound the room. */
export const entriesMax = 1_000;

const scoreKind = 'inngest.score';
const experimentKind = 'inngest.experiment';
const scoreNameBytesMax = 128;

/** Those of the server's own kinds that SDKs and users may write. */
const writableKinds: ReadonlySet<string> = new Set([
  'inngest.ai',
  'inngest.http',
  'inngest.http.timing',
  'inngest.response_headers',
  'inngest.warnings',
  experimentKind,
  scoreKind,
]);
const userPrefix = 'userland.';

export interface MetadataEntry {
  readonly kind: string;
  readonly op: MetadataFact['op'];
  readonly values: Readonly<Record<string, unknown>>;
}

/** Where on a run: nothing means the run itself. */
export interface MetadataTarget {
  readonly runId: string;
  /** Hashed. */
  readonly stepId?: string;
  /** Absent: the step as a whole, which shows its last attempt. */
  readonly attempt?: number;
  readonly spanId?: string;
}

/** What is wrong with an entry, in words for its writer; null when nothing is. Sizes are checked on facts. */
export function entryProblem({ kind, op, values }: MetadataEntry): string | null {
  if (kind.length > kindCharsMax) return `kind: at most ${kindCharsMax} characters`;
  const isUsers = kind.startsWith(userPrefix) && kind.length > userPrefix.length;
  if (!isUsers && !writableKinds.has(kind)) {
    return `kind: ${JSON.stringify(kind)} is not one that can be written; begin yours with ${userPrefix}`;
  }
  return kind === scoreKind && op !== 'delete' ? scoresProblem(values) : null;
}

export function metadataFact(
  target: MetadataTarget,
  { kind, op, values }: MetadataEntry,
  nowMs: number,
): MetadataFact {
  return {
    t: 'metadata',
    id: ulid(nowMs),
    runId: target.runId,
    atMs: nowMs,
    scope: scopeOf(target),
    ...(target.stepId !== undefined && { stepId: target.stepId }),
    ...(target.attempt !== undefined && { attempt: target.attempt }),
    ...(target.spanId !== undefined && { spanId: target.spanId }),
    kind,
    op,
    values: JSON.stringify(values),
  };
}

function scopeOf({ stepId, attempt, spanId }: MetadataTarget): MetadataFact['scope'] {
  if (spanId !== undefined) return 'extended_trace';
  if (attempt !== undefined) return 'step_attempt';
  return stepId === undefined ? 'run' : 'step';
}

/** What a fact counts towards `entryBytesMax` and `runBytesMax`. */
export function metadataBytes({ kind, values }: Pick<MetadataFact, 'kind' | 'values'>): number {
  return Buffer.byteLength(kind) + Buffer.byteLength(values);
}

/** A score as REST v2 takes it (http-api.md §7.3). */
export interface Score {
  readonly name: string;
  readonly value: number | boolean;
  /** As the user calls it. */
  readonly stepId?: string;
  readonly experiment?: { readonly id: string; readonly variant: string };
}

export type ScoreFacts =
  | { readonly ok: true; readonly facts: readonly MetadataFact[] }
  /** `index` says which score. */
  | { readonly ok: false; readonly index: number; readonly message: string };

/** Facts for `annotations.add`. A score that is bad spoils all of them. */
export function scoreFacts(runId: string, scores: readonly Score[], nowMs: number): ScoreFacts {
  const facts: MetadataFact[] = [];
  for (const [index, { name, value, stepId, experiment }] of scores.entries()) {
    const message = scoreProblem(name, value);
    if (message !== null) return { ok: false, index, message };
    const target = { runId, ...(stepId !== undefined && { stepId: stepKeyOf(stepId) }) };
    const entry = { kind: scoreKind, op: 'merge', values: { [name]: { value } } } as const;
    facts.push(metadataFact(target, entry, nowMs));
    if (experiment === undefined) continue;
    const values = { name: experiment.id, variant: experiment.variant };
    facts.push(metadataFact(target, { kind: experimentKind, op: 'merge', values }, nowMs));
  }
  return { ok: true, facts };
}

/** `{"<name>": {"value": …}}` and nothing else. */
function scoresProblem(values: Readonly<Record<string, unknown>>): string | null {
  for (const [name, score] of Object.entries(values)) {
    const isScore = typeof score === 'object' && score !== null && 'value' in score;
    if (!isScore || Object.keys(score).length > 1) {
      return `values: the score ${JSON.stringify(name)} has to be {"value": …}`;
    }
    const problem = scoreProblem(name, score.value);
    if (problem !== null) return `values: ${problem}`;
  }
  return null;
}

function scoreProblem(name: string, value: unknown): string | null {
  if (name === '' || Buffer.byteLength(name) > scoreNameBytesMax) {
    return `Score name must have 1 to ${scoreNameBytesMax} bytes`;
  }
  // Names are quoted in queries.
  if (/[\p{Cc}']/u.test(name)) return "Score name must not hold control characters or '";
  if (typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))) {
    return null;
  }
  return 'Score value must be a finite number or boolean';
}
