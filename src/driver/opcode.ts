/**
 * Opcodes: what an SDK asks the server to do, as it stands in the body of a 206 answer or a checkpoint
 * (reference/sdk-http-protocol.md §3.7, §4.1, §4.2).
 */

import { z } from 'zod';
import { canonicalJson } from '../lib/canonical_json.ts';
import { exceedsBytes, formatBytes } from './payload_size.ts';
import { type StepFailure, stepFailureSchema, toStepFailure } from './step_failure.ts';

const opNames = [
  'None',
  'Step',
  'StepRun',
  'StepError',
  'StepPlanned',
  'Sleep',
  'WaitForEvent',
  'InvokeFunction',
  'AIGateway',
  'Gateway',
  'WaitForSignal',
  'RunComplete',
  'StepFailed',
  'SyncRunComplete',
  'DiscoveryRequest',
  'DeferAdd',
  'DeferAbort',
] as const;

export type OpName = (typeof opNames)[number];

export type ParallelMode = 'wait' | 'race';

export interface Opcode {
  readonly op: OpName;
  /** Opaque and unique within the run (SDKs send 40 hex digits); may be '' where no step is meant. */
  readonly id: string;
  /** Legacy name: the duration of a JS sleep, the event of a JS wait. */
  readonly name?: string;
  /** What people see: displayName, else name, else id. */
  readonly displayName: string;
  readonly opts: Readonly<Record<string, unknown>>;
  /** A JSON value. Absent and null are different answers. */
  readonly data?: unknown;
  /** Canonical JSON text of `data`; there exactly when `data` is. */
  readonly dataText?: string;
  readonly error?: StepFailure;
  /** Start and length of the execution, in nanoseconds. */
  readonly timing?: { readonly a: number; readonly b: number };
  readonly userland?: { readonly id: string; readonly index?: number };
  readonly metadata?: readonly unknown[];
  readonly parallelMode: ParallelMode;
}

export type ParsedOpcodes =
  | { readonly ok: true; readonly ops: Opcode[] }
  | { readonly ok: false; readonly message: string };

/** Input of a step, and output of a step as it is stored, each at most this long (§4.3). */
export const stepBytesMax = 4 * 1024 * 1024;

/** Lazy operations only record something; they neither count as parallel work nor schedule it (§4.1). */
export function isLazy(op: OpName): boolean {
  return op === 'DeferAdd' || op === 'DeferAbort';
}

/** Operations whose result arrives later: one among several makes a pending set (§4.3 rule 5). */
export function isPlanType(op: OpName): boolean {
  return planTypes.has(op);
}

/**
 * Operations that the SDK has already carried out when it reports them. StepPlanned, which §4.1 calls "sync" in
 * code but async in meaning, is not among them.
 */
export function isSync(op: OpName): boolean {
  return syncTypes.has(op);
}

const planTypes: ReadonlySet<OpName> = new Set([
  'StepPlanned',
  'Sleep',
  'WaitForEvent',
  'InvokeFunction',
  'AIGateway',
  'Gateway',
  'WaitForSignal',
]);

const syncTypes: ReadonlySet<OpName> = new Set([
  'Step',
  'StepRun',
  'StepFailed',
  'RunComplete',
  'SyncRunComplete',
]);

/** These are not about a step, so they may come without an id. */
const idLess: ReadonlySet<OpName> = new Set([
  'None',
  'RunComplete',
  'SyncRunComplete',
  'DiscoveryRequest',
]);

const byLowerName = new Map<string, OpName>(opNames.map((name) => [name.toLowerCase(), name]));

const none: Opcode = { op: 'None', id: '', displayName: '', opts: {}, parallelMode: 'wait' };

/** Python sends null for every optional member it has no value for (§3.7), hence `nullish` throughout. */
const wireSchema = z.object({
  id: z.string().nullish(),
  name: z.string().nullish(),
  displayName: z.string().nullish(),
  opts: z.record(z.string(), z.unknown()).nullish(),
  data: z.unknown().optional(),
  error: stepFailureSchema.nullish(),
  timing: z.object({ a: z.number(), b: z.number() }).nullish(),
  userland: z.object({ id: z.string(), index: z.number().nullish() }).nullish(),
  metadata: z.array(z.unknown()).nullish(),
});

type WireOpcode = z.infer<typeof wireSchema>;

/**
 * Reads the parsed body of a 206: an array of opcodes or a single one. Never throws; a failure names the
 * entry and the member that is wrong. An empty array is one `None`. The number of entries is not judged
 * here: too many end the run (§4.3 rule 2), which is the executor's to decide.
 */
export function parseOpcodes(json: unknown): ParsedOpcodes {
  const entries = Array.isArray(json) ? json : [json];
  if (entries.length === 0) return { ok: true, ops: [none] };
  const ops: Opcode[] = [];
  for (const [index, entry] of entries.entries()) {
    const parsed = parseOpcode(entry);
    if (typeof parsed === 'string') return { ok: false, message: `opcode ${index}: ${parsed}` };
    ops.push(parsed);
  }
  return { ok: true, ops };
}

/** The opcode, or what is wrong with it. */
function parseOpcode(entry: unknown): Opcode | string {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
    return `entry must be an object with a member "op", not ${kindOf(entry)}`;
  }
  const given: unknown = 'op' in entry ? entry.op : undefined;
  if (typeof given !== 'string') return `op must be a string, not ${kindOf(given)}`;
  const op = byLowerName.get(given.toLowerCase());
  if (op === undefined) {
    return `op ${JSON.stringify(given.slice(0, 64))} is not known to this server; upgrade the server, or use an SDK release it knows`;
  }
  const wire = wireSchema.safeParse(entry);
  if (!wire.success) return `(${op}) ${firstIssue(wire.error)}`;
  const complaint = missingMember(op, wire.data) ?? wrongInput(op, wire.data);
  if (complaint !== undefined) return `(${op}) ${complaint}`;
  try {
    return toOpcode(op, wire.data);
  } catch (error) {
    return `(${op}) data: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function missingMember(op: OpName, wire: WireOpcode): string | undefined {
  if (!wire.id && !idLess.has(op)) return 'id is missing';
  if (op === 'StepError' && !wire.error) {
    return 'error is missing: a StepError must carry {name, message}';
  }
  return undefined;
}

function wrongInput(op: OpName, wire: WireOpcode): string | undefined {
  const opts = wire.opts ?? {};
  const [field, input] = op === 'AIGateway' ? ['body', opts.body] : ['input', opts.input];
  if (input === undefined || input === null) return undefined;
  if ((op === 'StepRun' || op === 'StepPlanned') && !Array.isArray(input)) {
    return `opts.${field} must be an array of arguments, not ${kindOf(input)}`;
  }
  try {
    return tooLarge(`opts.${field}`, canonicalJson(input), 'Pass a reference to the data instead.');
  } catch (error) {
    return `opts.${field}: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function toOpcode(op: OpName, wire: WireOpcode): Opcode | string {
  const error = wire.error
    ? toStepFailure(wire.error)
    : op === 'StepFailed'
      ? toStepFailure({ message: 'The step failed without saying why' })
      : undefined;
  const dataText = wire.data === undefined ? undefined : canonicalJson(wire.data);
  const advice = 'Store the data elsewhere and return a reference to it.';
  const complaint =
    (dataText && tooLarge('data', wrapped(op, dataText), advice)) ??
    (error && tooLarge('error', `{"error":${canonicalJson(error)}}`, advice));
  if (complaint) return `(${op}) ${complaint}`;
  const opts = wire.opts ?? {};
  return {
    op,
    id: wire.id ?? '',
    ...(wire.name != null && { name: wire.name }),
    displayName: wire.displayName || wire.name || wire.id || '',
    opts,
    ...(dataText !== undefined && { data: wire.data, dataText }),
    ...(error && { error }),
    ...(wire.timing && { timing: wire.timing }),
    ...(wire.userland && {
      userland: {
        id: wire.userland.id,
        ...(wire.userland.index != null && { index: wire.userland.index }),
      },
    }),
    ...(wire.metadata && { metadata: wire.metadata }),
    parallelMode: parallelModeOf(opts),
  };
}

/** The value as the run's state will hold it: `Step` is stored verbatim, all others in {"data": …} (§2.4). */
function wrapped(op: OpName, dataText: string): string {
  return op === 'Step' ? dataText : `{"data":${dataText}}`;
}

function tooLarge(field: string, text: string, advice: string): string | undefined {
  if (!exceedsBytes(text, stepBytesMax)) return undefined;
  return `${field} is ${formatBytes(Buffer.byteLength(text))}, more than the ${formatBytes(stepBytesMax)} a step may have. ${advice}`;
}

function parallelModeOf(opts: Readonly<Record<string, unknown>>): ParallelMode {
  const mode = opts.parallelMode;
  return typeof mode === 'string' && mode.toLowerCase() === 'race' ? 'race' : 'wait';
}

function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0];
  if (issue === undefined) return 'is not an opcode';
  return `${issue.path.join('.') || 'entry'}: ${issue.message}`;
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'absent';
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : `a ${typeof value}`;
}
