/** When the `wait` of an edge is over: duration text, or CEL that gives a time, a duration or seconds (cue-config.md §6.4). */

import { runProgram, type Variables } from '../../expression/expression.ts';
import { compileNode } from '../../expression/program.ts';
import { parse } from '../../expression/syntax.ts';
import {
  Duration,
  Failure,
  Timestamp,
  typeNameOf,
  Uint,
  unknown,
  type Value,
} from '../../expression/value.ts';
import { parseDuration } from '../../lib/duration.ts';
import type { Moment } from '../../lib/timeout.ts';

/** Longer waits would end the run: sleeps and waits for events last 366 days at most. */
export const waitMsMax = 366 * 24 * 60 * 60 * 1000;

const nanosPerMs = 1_000_000n;

/** Never before `nowMs`, which is also what `now()` gives. */
export function waitEndsAt(text: string, vars: Variables, nowMs: number): Moment {
  const durationMs = parseDuration(text);
  if (durationMs !== null) return bounded(nowMs + durationMs, nowMs);
  const value = computed(text, vars, nowMs);
  if (value instanceof Failure) return { ok: false, message: value.message };
  if (value === unknown) return { ok: false, message: 'it refers to something that is missing' };
  if (value instanceof Timestamp) return bounded(msOf(value.nanos), nowMs);
  if (value instanceof Duration) return bounded(nowMs + msOf(value.nanos), nowMs);
  const seconds = secondsOf(value);
  if (seconds !== null) return bounded(nowMs + seconds * 1000, nowMs);
  const message = `it must give a time, a duration or seconds, but gives a ${typeNameOf(value)}`;
  return { ok: false, message };
}

function computed(text: string, vars: Variables, nowMs: number): Value {
  const parsed = parse(text);
  if (!parsed.ok) return new Failure(parsed.message);
  const clock = { now: () => nowMs, at: () => ({ cancel: () => undefined }) };
  return runProgram(compileNode(parsed.tree, []), vars, clock);
}

function secondsOf(value: Value): number | null {
  if (value instanceof Uint) return Number(value.value);
  if (typeof value === 'bigint') return Number(value);
  return typeof value === 'number' && !Number.isNaN(value) ? value : null;
}

function msOf(nanos: bigint): number {
  return Number(nanos / nanosPerMs) + Number(nanos % nanosPerMs) / 1e6;
}

function bounded(endMs: number, nowMs: number): Moment {
  if (endMs - nowMs > waitMsMax) return { ok: false, message: 'it ends more than 366 days later' };
  return { ok: true, atMs: Math.max(nowMs, Math.ceil(endMs)) };
}
