/**
 * What was found out about edges when the step before them ended, as it is stored with the step's output. There is
 * room for so much: the output is what the step has a limit for, and this comes on top.
 */

import { z } from 'zod';
import { canonicalJson } from '../../lib/canonical_json.ts';
import { formatBytes } from '../payload_size.ts';

const decisionSchema = z.object({
  /** False also when it could not be found out. */
  taken: z.boolean(),
  /** When a `wait` is over, RFC 3339. */
  at: z.string().optional(),
  /** `async.match` with what is known filled in; absent when any event will do. */
  match: z.string().optional(),
  /** Why the edge could not be decided. */
  error: z.string().optional(),
});

export type EdgeDecision = z.infer<typeof decisionSchema>;

/** By the ids of the steps that the edges lead to. */
export type EdgeDecisions = ReadonlyMap<string, EdgeDecision>;

/** `matchOf`: the same `match` as that of another edge, which may be long and is stored once. */
const storedSchema = z.record(
  z.string(),
  decisionSchema.extend({ matchOf: z.string().optional() }),
);

type StoredDecisions = z.infer<typeof storedSchema>;

export const decisionsBytesMax = 1024 * 1024;

/** Shorter ones are stored as they are. */
const matchCharsSharedMin = 100;

const tooLarge: EdgeDecision = {
  taken: false,
  error: `what is decided when a step ends is larger than the ${formatBytes(decisionsBytesMax)} there is for it; let async.match refer to shorter values`,
};

/** Edges that find no room any more have failed. */
export function storedDecisions(decisions: EdgeDecisions): StoredDecisions {
  const stored: Record<string, StoredDecisions[string]> = {};
  const edgeOfMatch = new Map<string, string>();
  let bytes = 0;
  for (const [id, decision] of decisions) {
    const { match = '' } = decision;
    const matchOf = edgeOfMatch.get(match);
    const brief = matchOf === undefined ? decision : { taken: decision.taken, matchOf };
    const briefBytes = Buffer.byteLength(canonicalJson({ [id]: brief }));
    if (bytes + briefBytes > decisionsBytesMax) {
      stored[id] = tooLarge;
      continue;
    }
    bytes += briefBytes;
    stored[id] = brief;
    if (match.length >= matchCharsSharedMin && matchOf === undefined) edgeOfMatch.set(match, id);
  }
  return stored;
}

/** Empty when it is something else. */
export function readDecisions(value: unknown): EdgeDecisions {
  const parsed = storedSchema.safeParse(value);
  const stored = new Map(Object.entries(parsed.success ? parsed.data : {}));
  const decisions = new Map<string, EdgeDecision>();
  for (const [id, { matchOf, ...decision }] of stored) {
    const match = matchOf === undefined ? decision.match : stored.get(matchOf)?.match;
    decisions.set(id, match === undefined ? decision : { ...decision, match });
  }
  return decisions;
}
