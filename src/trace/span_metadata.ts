/** What users and SDKs wrote onto a run: entries applied one after the other, and the spans they belong to. */
import type { MetadataFact } from '../history/fact.ts';
import type { SpanMetadata } from './span.ts';

/** One place of a run that metadata can be about. */
export interface MetadataTarget {
  readonly scope: MetadataFact['scope'];
  readonly stepId: string | null;
  readonly attempt: number | null;
  readonly spanId: string | null;
}

export interface AppliedMetadata {
  readonly target: MetadataTarget;
  readonly metadata: SpanMetadata;
}

type Values = Record<string, unknown>;

/** `facts` in the order in which they are applied. Kinds without a value left are gone. */
export function appliedMetadata(facts: readonly MetadataFact[]): AppliedMetadata[] {
  const applied = new Map<string, AppliedMetadata>();
  for (const fact of facts) {
    const { scope, kind } = fact;
    const target = {
      scope,
      stepId: fact.stepId ?? null,
      attempt: fact.attempt ?? null,
      spanId: fact.spanId ?? null,
    };
    const key = JSON.stringify([scope, target.stepId, target.attempt, target.spanId, kind]);
    const before = applied.get(key)?.metadata.values ?? {};
    const values = changed(before, fact.op, valuesOf(fact.values));
    if (Object.keys(values).length === 0) applied.delete(key);
    else applied.set(key, { target, metadata: { scope, kind, values, updatedAtMs: fact.atMs } });
  }
  return [...applied.values()];
}

/** What counts against the limit of a run (observability-ui.md §7.5); null when nothing was written. */
export function metadataUsage(facts: readonly MetadataFact[]): SpanMetadata | null {
  const last = facts.at(-1);
  if (last === undefined) return null;
  const bytes = facts.reduce((sum, fact) => sum + Buffer.byteLength(fact.values), 0);
  return {
    scope: 'run',
    kind: 'inngest.usage',
    values: { metadata_bytes: bytes },
    updatedAtMs: last.atMs,
  };
}

function changed(before: Readonly<Values>, op: MetadataFact['op'], given: Values): Values {
  switch (op) {
    case 'set':
      return given;
    case 'merge':
      return { ...before, ...given };
    case 'delete':
      return without(before, given);
    case 'add':
      return added(before, given);
  }
}

/** Without a name, all of the kind goes. */
function without(before: Readonly<Values>, given: Values): Values {
  const names = new Set(Object.keys(given));
  if (names.size === 0) return {};
  return Object.fromEntries(Object.entries(before).filter(([name]) => !names.has(name)));
}

/** Numbers are summed up; lists grow; everything else is replaced. */
function added(before: Readonly<Values>, given: Values): Values {
  const sums = Object.entries(given).map(([name, value]) => {
    const known = before[name];
    if (typeof known === 'number' && typeof value === 'number') return [name, known + value];
    if (Array.isArray(known)) return [name, known.concat(value)];
    return [name, value];
  });
  return { ...before, ...Object.fromEntries(sums) };
}

/** The door has checked them; what is no object all the same counts as empty. */
function valuesOf(text: string): Values {
  try {
    const values: unknown = JSON.parse(text);
    return typeof values === 'object' && values !== null && !Array.isArray(values)
      ? { ...values }
      : {};
  } catch {
    return {};
  }
}
