/**
 * What becomes of an edge when its parent has ended: whether it is taken, until when it waits, for which event. It is
 * found out once and kept, so that a run goes the same way however often it is looked at.
 */

import { evaluateBoolean, type Variables } from '../../expression/expression.ts';
import { interpolate } from '../../expression/interpolate.ts';
import { validate } from '../../expression/validate.ts';
import type { DagEdge } from '../../function/dag.ts';
import type { Clock } from '../../lib/clock.ts';
import { parseDuration } from '../../lib/duration.ts';
import type { EdgeDecision, EdgeDecisions } from './edge_decision.ts';
import type { GraphEdge } from './graph.ts';
import { waitEndsAt, waitMsMax } from './wait_end.ts';

export const taken: EdgeDecision = { taken: true };

/** Expressions may be long, and so may what is said of them; every decision is stored. */
const errorCharsMax = 1_000;

type MatchDecision = (match: string) => EdgeDecision;

/** All of the edges after a step. Many may have the same `match`, which then is worked out once. */
export function decideEdges(
  edges: readonly GraphEdge[],
  vars: Variables,
  nowMs: number,
): EdgeDecisions {
  const known = new Map<string, EdgeDecision>();
  const matchDecision: MatchDecision = (match) => {
    const decision = known.get(match) ?? decideMatch(match, vars);
    known.set(match, decision);
    return decision;
  };
  return new Map(
    edges.map(({ edge, child }) => [child.step.id, decideEdge(edge, vars, nowMs, matchDecision)]),
  );
}

/** `nowMs` is when the parent ended: waits count from it, and `now()` gives it. */
export function decideEdge(
  edge: DagEdge,
  vars: Variables,
  nowMs: number,
  matchDecision: MatchDecision = (match) => decideMatch(match, vars),
): EdgeDecision {
  if (edge.if !== undefined) {
    const clock: Clock = { now: () => nowMs, at: () => ({ cancel: () => undefined }) };
    const condition = evaluateBoolean(edge.if, vars, clock);
    if (!condition.ok) return failed('if', edge.if, condition.message);
    if (!condition.value) return { taken: false };
  }
  if (edge.async !== undefined) return decideAsync(edge.async, matchDecision);
  if (edge.wait === undefined) return taken;
  const end = waitEndsAt(edge.wait, vars, nowMs);
  if (!end.ok) return failed('wait', edge.wait, end.message);
  return { taken: true, at: new Date(end.atMs).toISOString() };
}

/** Whether a stored decision says all that the edge asks for by now: documents change while runs are under way. */
export function isComplete(decision: EdgeDecision, { edge, kind }: GraphEdge): boolean {
  if (!decision.taken) return true;
  if (kind === 'wait') return decision.at !== undefined;
  return decision.match !== undefined || edge.async?.match === undefined;
}

function decideAsync(
  { ttl, match }: NonNullable<DagEdge['async']>,
  matchDecision: MatchDecision,
): EdgeDecision {
  // What the executor would end the run for concerns this edge alone.
  const ttlMs = parseDuration(ttl);
  if (ttlMs === null) return failed('async.ttl', ttl, 'it is not a duration');
  if (ttlMs > waitMsMax) return failed('async.ttl', ttl, 'it is longer than 366 days');
  return match === undefined ? taken : matchDecision(match);
}

/** Fills in what is known. The event that came before is not the one that is waited for. */
function decideMatch(match: string, { async: _before, ...vars }: Variables): EdgeDecision {
  const filledIn = interpolate(match, vars);
  if (!filledIn.ok) return failed('async.match', match, filledIn.message);
  const valid = validate(filledIn.text, 'full');
  if (!valid.ok) return failed('async.match', match, valid.messages.join('\n'));
  return { taken: true, match: filledIn.text };
}

function failed(field: string, text: string, message: string): EdgeDecision {
  const error = `${field} ${JSON.stringify(text)}: ${message}`.slice(0, errorCharsMax);
  return { taken: false, error: error.toWellFormed() };
}
