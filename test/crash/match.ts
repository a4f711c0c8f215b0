/** Whether a value is what the model predicts; the first difference in words, or null. */
import { deepEquals } from 'bun';
import type { Pattern } from './model.ts';
import { type Execution, hashedId } from './observation.ts';

export interface Known {
  /** Of the run. */
  readonly executions: readonly Execution[];
  /** What runs returned, by `eid`. */
  readonly outputs: ReadonlyMap<string, unknown>;
  /** Saved results of the run, as far as calls carried them, by hashed step id; as JSON text. */
  readonly saved: ReadonlyMap<string, string>;
}

export function matchPattern(
  pattern: Pattern,
  value: unknown,
  known: Known,
  path = 'output',
): string | null {
  switch (pattern.is) {
    case 'anything':
      return null;
    case 'value':
      return deepEquals(value, pattern.value)
        ? null
        : differs(path, value, JSON.stringify(pattern.value));
    case 'output':
      return deepEquals(value, known.outputs.get(pattern.eid))
        ? null
        : differs(path, value, `what ${pattern.eid} returned`);
    case 'result':
      return matchResult(pattern, value, known, path);
    case 'approval':
      return approvedStep(value) === pattern.stepId
        ? null
        : differs(path, value, `an approval of ${pattern.stepId}`);
    case 'error': {
      const message = fieldOf(value, 'message');
      if (typeof message === 'string' && message.includes(pattern.message)) return null;
      return differs(path, value, `an error that says ${JSON.stringify(pattern.message)}`);
    }
    case 'list':
      return matchList(pattern.of, value, known, path);
    case 'record':
      return firstOf(Object.entries(pattern.of), ([name, of]) =>
        matchPattern(of, fieldOf(value, name), known, `${path}.${name}`),
      );
    case 'one_of': {
      const misses = pattern.of.map((of) => matchPattern(of, value, known, path));
      return misses.includes(null) ? null : misses.join('; ');
    }
  }
}

function matchResult(
  pattern: Extract<Pattern, { is: 'result' }>,
  value: unknown,
  { executions, saved }: Known,
  path: string,
): string | null {
  const { stepId, attempt } = pattern;
  const nonce = fieldOf(value, 'nonce');
  const execution = executions.find((each) => each.nonce === nonce);
  if (execution?.stepId !== stepId || execution.hasThrown) {
    return differs(path, value, `a result that the app gave for ${stepId}`);
  }
  const memo = saved.get(hashedId(stepId));
  if (memo?.includes(JSON.stringify(nonce)) === false) {
    return differs(path, value, `what was saved of ${stepId}: ${memo}`);
  }
  if (execution.attempt === attempt && fieldOf(value, 'attempt') === attempt) return null;
  return differs(path, value, `a result of attempt ${attempt}`);
}

function matchList(
  patterns: readonly Pattern[],
  value: unknown,
  known: Known,
  path: string,
): string | null {
  if (!Array.isArray(value) || value.length !== patterns.length) {
    return differs(path, value, `a list of ${patterns.length}`);
  }
  return firstOf([...patterns.entries()], ([at, of]) =>
    matchPattern(of, value[at], known, `${path}[${at}]`),
  );
}

function firstOf<T>(of: readonly T[], look: (each: T) => string | null): string | null {
  for (const each of of) {
    const difference = look(each);
    if (difference !== null) return difference;
  }
  return null;
}

function differs(path: string, value: unknown, wanted: string): string {
  return `${path} is ${JSON.stringify(value) ?? 'missing'}, not ${wanted}`;
}

/** Approvals are called `<eid of the run>:<step>:<number>`. */
function approvedStep(value: unknown): unknown {
  const approval = fieldOf(value, 'approval');
  return typeof approval === 'string' ? approval.split(':')[1] : null;
}

function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.getOwnPropertyDescriptor(value, name)?.value;
}
