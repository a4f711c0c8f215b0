/** Durations in documents. Those that cannot be read are refused, for nobody means "none" by them. */
import { runProgram } from '../../expression/expression.ts';
import { dependsOnlyOn } from '../../expression/free_names.ts';
import { compileNode } from '../../expression/program.ts';
import { parse } from '../../expression/syntax.ts';
import { Duration, Uint } from '../../expression/value.ts';
import { quote } from '../../function/validation.ts';
import { systemClock } from '../../lib/clock.ts';
import { parseDuration } from '../../lib/duration.ts';
import { timeoutAt } from '../../lib/timeout.ts';
import { expressionProblems } from './expression_rules.ts';
import { edgeScope } from './expression_scope.ts';
import type { Place } from './finding_list.ts';

/** The executor cuts longer waits (`waitMsMax` of executor/limits.ts). */
export const waitMsMax = 366 * 24 * 60 * 60 * 1000;
const waitMaxText = '366d';
const nanosPerMs = 1_000_000n;
const noNames: ReadonlySet<string> = new Set();

/** More than nothing, and no longer than the server waits. */
export function checkDuration(place: Place, text: string | undefined): void {
  if (text === undefined) return;
  const durationMs = parseDuration(text);
  if (durationMs === null) {
    place.refuse(`invalid duration ${quote(text)}; write for example "30s", "2h" or "1d12h"`);
  } else if (durationMs <= 0) place.refuse(`${quote(text)} is no time at all; at least "1ms"`);
  else if (durationMs > waitMsMax) refuseLong(place, text);
}

/** A duration, or the moment after which no event cancels (execution.md §2.2). */
export function checkCancelTimeout(place: Place, text: string | undefined): void {
  if (text !== undefined && parseDuration(text) === null && text !== '') {
    if (timeoutAt(text, 0).ok) return;
  }
  checkDuration(place, text);
}

/** Duration text first, else an expression (cue-config.md §6.4). */
export function checkWait(
  place: Place,
  text: string | undefined,
  stepIds: ReadonlySet<string>,
): void {
  if (text === undefined || place.list.isFull) return;
  const durationMs = parseDuration(text);
  if (durationMs !== null) {
    checkLength(place, text, durationMs);
    return;
  }
  const problems = expressionProblems(text, { scope: edgeScope, wanted: 'moment', stepIds });
  const neither = `${quote(text)} is neither a duration, such as "90s" or "3d", nor an expression`;
  for (const { kind, message } of problems) {
    place.refuse(kind === 'invalid' ? `${neither}: ${message}` : message);
  }
  const constantMs = problems.length === 0 ? constantWaitMs(text) : null;
  if (constantMs !== null) checkLength(place, text, constantMs);
}

function checkLength(place: Place, text: string, durationMs: number): void {
  if (durationMs > waitMsMax) refuseLong(place, text);
  else if (durationMs < 0) place.warn(`${quote(text)} lies in the past: nothing is waited for`);
}

function refuseLong(place: Place, text: string): void {
  place.refuse(`${quote(text)} is longer than the server waits; at most "${waitMaxText}"`);
}

/** Of an expression that gives the same at every run: seconds or a duration. Moments come nearer. */
function constantWaitMs(text: string): number | null {
  const parsed = parse(text);
  if (!parsed.ok || !dependsOnlyOn(noNames, parsed.tree, [])) return null;
  const value = runProgram(compileNode(parsed.tree, []), {}, systemClock);
  if (value instanceof Duration) return Number(value.nanos / nanosPerMs);
  if (value instanceof Uint) return Number(value.value) * 1000;
  return typeof value === 'number' || typeof value === 'bigint' ? Number(value) * 1000 : null;
}
