/** The flags that say how long history is kept. */
import { z } from 'zod';
import { parseDuration } from '../lib/duration.ts';
import type { FlagReader } from './flag_reader.ts';
import type { RetentionSettings } from './settings.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

export const defaultRetentionMs = 30 * dayMs;
/** Old history is looked for once an hour. */
const retentionMsMin = hourMs;
const retentionMsMax = 3_650 * dayMs;

const example = 'such as 12h, 30d or 8w, or off to keep everything';

/** Null for `off`. */
const age = z
  .string()
  .trim()
  .toLowerCase()
  .transform((text, context) => {
    const ageMs = text === 'off' ? 0 : parseDuration(text);
    if (ageMs === 0) return null;
    if (ageMs !== null && ageMs >= retentionMsMin && ageMs <= retentionMsMax) {
      return Math.round(ageMs);
    }
    const problem = ageMs === null ? 'must be a duration' : 'must be from 1h to 3650d';
    context.addIssue({ code: 'custom', message: `${problem}, ${example}` });
    return z.NEVER;
  });

/** Throws `UsageError`. A trace is never kept longer than its run: it goes with it. */
export function readRetention(read: FlagReader): RetentionSettings {
  const allMs = read.one('retention', age, defaultRetentionMs);
  const runsMs = read.one('retention-runs', age, allMs);
  return {
    eventsMs: read.one('retention-events', age, allMs),
    runsMs,
    tracesMs: shorterMs(read.one('retention-traces', age, allMs), runsMs),
  };
}

function shorterMs(ageMs: number | null, otherMs: number | null): number | null {
  if (ageMs === null || otherMs === null) return ageMs ?? otherMs;
  return Math.min(ageMs, otherMs);
}
