/** Puts together what happened in a run, piece by piece, and lets others have the thread in between. */
import type { TraceFact } from './fact.ts';
import { inOrder } from './sql/fact_order.ts';
import { type FactPiece, type FactPlace, firstFacts } from './sql/fact_query.ts';

/** A run has at most 10 000 steps (http-api.md §14), most of them with four facts, and annotations besides. */
const factsOfRunMax = 85_000;
/** Read at a stretch: some milliseconds. */
const stretchLength = 1024 * 1024;

/** In order. The start of a call that has ended is left out: its end says the same. */
export async function collectFacts(
  runId: string,
  read: (place: FactPlace) => Promise<FactPiece>,
): Promise<readonly TraceFact[]> {
  const facts: TraceFact[] = [];
  let place: FactPlace | null = firstFacts;
  let stretch = 0;
  while (place !== null && facts.length < factsOfRunMax) {
    const { texts, next }: FactPiece = await read(place);
    for (const text of texts) {
      facts.push(toFact(runId, text));
      stretch += text.length;
      if (stretch < stretchLength) continue;
      stretch = 0;
      await new Promise<void>((turn) => setImmediate(turn));
    }
    place = next;
  }
  const ended = new Set(facts.flatMap((fact) => (fact.t === 'call.ended' ? [fact.callId] : [])));
  return facts.filter((fact) => fact.t !== 'call.started' || !ended.has(fact.callId)).sort(inOrder);
}

/** The writer has checked the text before it kept it. */
function toFact(runId: string, text: string): TraceFact {
  const fact: Omit<TraceFact, 'runId'> = JSON.parse(text);
  return { runId, ...fact } as TraceFact;
}
