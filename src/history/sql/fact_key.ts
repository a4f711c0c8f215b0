/** What makes a fact of a run the same fact when it is recorded again. */
import type { StepFact, TraceFact } from '../fact.ts';

/** Step id of the function body in facts of older servers. */
const bodyStepId = 'step';

/** Keys are in every row: longer ones are stored as their digest. */
const keyLengthMax = 40;

/** Unique among the facts of a run. */
export function factKey(fact: TraceFact): string {
  const key = plainKey(fact);
  if (key.length <= keyLengthMax && !key.includes('\0')) return key;
  return `${key.slice(0, 2)}${new Bun.CryptoHasher('sha256').update(key).digest('base64url').slice(0, 27)}`;
}

function plainKey(fact: TraceFact): string {
  switch (fact.t) {
    case 'step':
      return `s:${fact.stepId}:${fact.attempt}:${fact.status}:${occasionOf(fact)}`;
    case 'call.started':
      return `c:${fact.callId}:started`;
    case 'call.ended':
      return `c:${fact.callId}:ended`;
    case 'defer':
      return `d:${fact.deferId}:${fact.status}`;
    case 'userland':
      return `u:${fact.spanId}`;
    case 'metadata':
      return `m:${fact.id}`;
  }
}

/**
 * A step comes to a status once per attempt and call: attempts begin again after a checkpoint. The function body of
 * older servers is called again after every step, each time from attempt 0: its calls are told apart by their time.
 */
function occasionOf(fact: StepFact): string {
  if (fact.callId !== undefined) return fact.callId;
  return fact.stepId === bodyStepId ? String(fact.atMs) : '';
}
