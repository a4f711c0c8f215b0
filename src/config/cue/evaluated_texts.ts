/** Evaluates many texts: in one thread, and in another one behind each text that costs the first its engine. */
import { CueThread, type TextOutcome, type ThreadParts } from './cue_thread.ts';

/** What a document of usual size may add to the time for all. */
const textMs = 250;
const threadsMax = 5;

/** In the order given. Rejects only with the reason of the signal. */
export async function evaluateTexts(
  texts: readonly string[],
  parts: ThreadParts,
): Promise<readonly TextOutcome[]> {
  const outcomes: TextOutcome[] = [];
  let leftMs = parts.limits.wallMs + texts.length * textMs;
  for (let thread = 0; thread < threadsMax && leftMs > 0; thread += 1) {
    if (outcomes.length === texts.length) break;
    parts.signal?.throwIfAborted();
    const result = await new CueThread(texts.slice(outcomes.length), leftMs, parts).run();
    outcomes.push(...result.outcomes);
    leftMs -= result.spentMs;
  }
  const message =
    'it was not evaluated, because other documents used up the limits: mend those first';
  return texts.map((_, index) => outcomes[index] ?? { kind: 'stopped', message });
}
