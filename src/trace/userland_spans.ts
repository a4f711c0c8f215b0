/** Spans of the user's own code: nested as the app nested them, below what the server knows of them. */
import type { UserlandSpanFact } from '../history/fact.ts';
import type { SpanStatus } from './span.ts';
import { draftSpan, type SpanDraft, type SpanOrigin, timesOf } from './span_draft.ts';

/** The SDK wraps the whole call in it; people know that already. */
const wrapperName = 'inngest.execution';
/** Of the server's own attributes (observability-ui.md §7.4). */
const ownPrefix = '_inngest.';
/** Deeper spans are shown at this depth: trees are walked recursively everywhere. */
const depthMax = 64;

/** Where a span without a parent of its kind belongs. */
export type UserlandPlace = (fact: UserlandSpanFact) => SpanDraft;

/** Puts the spans below the ones that `placeOf` names. Returns them by id. */
export function attachUserland(
  origin: SpanOrigin,
  facts: readonly UserlandSpanFact[],
  placeOf: UserlandPlace,
): ReadonlyMap<string, SpanDraft> {
  const byId = new Map(facts.map((fact) => [fact.spanId, fact]));
  const childrenOf = new Map<string, UserlandSpanFact[]>();
  const tops: UserlandSpanFact[] = [];
  for (const fact of byId.values()) {
    const parentId = fact.parentSpanId;
    if (parentId === undefined || parentId === fact.spanId || !byId.has(parentId)) tops.push(fact);
    else childrenOf.set(parentId, pushed(childrenOf.get(parentId), fact));
  }
  const drafts = new Map<string, SpanDraft>();
  const places = new Set<SpanDraft>();
  // Spans that name each other as parents are reached from none of the tops.
  for (const fact of [...tops, ...byId.values()]) {
    if (drafts.has(fact.spanId)) continue;
    const place = placeOf(fact);
    places.add(place);
    attach(origin, { fact, parent: place, depth: 0 }, childrenOf, drafts);
  }
  for (const place of places) collapseWrapper(place, drafts);
  return drafts;
}

interface Attached {
  readonly fact: UserlandSpanFact;
  readonly parent: SpanDraft;
  readonly depth: number;
}

function attach(
  origin: SpanOrigin,
  first: Attached,
  childrenOf: ReadonlyMap<string, readonly UserlandSpanFact[]>,
  drafts: Map<string, SpanDraft>,
): void {
  const open = [first];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { fact, parent, depth } = next;
    if (drafts.has(fact.spanId)) continue;
    const draft = userlandSpan(origin, fact);
    drafts.set(fact.spanId, draft);
    parent.children.push(draft);
    const isDeepest = depth === depthMax;
    for (const child of childrenOf.get(fact.spanId) ?? []) {
      open.push({
        fact: child,
        parent: isDeepest ? parent : draft,
        depth: isDeepest ? depth : depth + 1,
      });
    }
  }
}

function pushed(list: UserlandSpanFact[] | undefined, fact: UserlandSpanFact): UserlandSpanFact[] {
  if (list === undefined) return [fact];
  list.push(fact);
  return list;
}

/** The SDK's wrapper gives way to what lies in it. */
function collapseWrapper(place: SpanDraft, drafts: Map<string, SpanDraft>): void {
  place.children = place.children.flatMap((child) => {
    const { userland, name, spanId } = child.fields;
    if (userland === null || name !== wrapperName) return [child];
    drafts.set(spanId, place);
    return child.children;
  });
}

const statuses: Readonly<Record<UserlandSpanFact['status'], SpanStatus>> = {
  Unset: 'COMPLETED',
  Ok: 'COMPLETED',
  Error: 'FAILED',
};

function userlandSpan(origin: SpanOrigin, fact: UserlandSpanFact): SpanDraft {
  const endedAtMs = fact.atMs + Math.max(0, fact.durationMs);
  return draftSpan(origin, 'step', {
    spanId: fact.spanId,
    traceId: fact.traceId,
    name: fact.name,
    status: statuses[fact.status] ?? 'COMPLETED',
    queuedAtMs: fact.atMs,
    ...timesOf(fact.atMs, endedAtMs),
    userland: {
      spanName: fact.name,
      spanKind: fact.kind,
      serviceName: fact.serviceName ?? null,
      scopeName: fact.scopeName ?? null,
      scopeVersion: fact.scopeVersion ?? null,
      spanAttributes: shown(fact.attributes),
      resourceAttributes: shown(fact.resourceAttributes),
    },
  });
}

function shown(text: string): string | null {
  if (!text.includes(ownPrefix)) return text === '' ? null : text;
  try {
    const attributes: unknown = JSON.parse(text);
    if (typeof attributes !== 'object' || attributes === null) return text;
    const kept = Object.entries(attributes).filter(([name]) => !name.startsWith(ownPrefix));
    return JSON.stringify(Object.fromEntries(kept));
  } catch {
    return text;
  }
}
