/** How much metadata a run still has room for. History knows, a little late: what was written since is added here. */
import type { History } from '../history/history.ts';
import type { Clock } from '../lib/clock.ts';
import { Lru } from '../lib/lru.ts';
import { metadataBytes, runBytesMax } from '../trace/metadata_rules.ts';

/** Runs remembered; the least recently written to goes. */
const runsMax = 1_000;
/** Other servers and SDK answers write as well: after this long history is asked again. */
const freshMs = 60_000;

interface Usage {
  readonly readAtMs: number;
  bytes: number;
}

export class MetadataRoom {
  readonly #history: Pick<History, 'factsOf'>;
  readonly #clock: Clock;
  readonly #usages = new Lru<string, Usage>(runsMax);

  constructor(history: Pick<History, 'factsOf'>, clock: Clock) {
    this.#history = history;
    this.#clock = clock;
  }

  /** False when the run would have more than it may. */
  async take(runId: string, bytes: number): Promise<boolean> {
    const usage = this.#known(runId) ?? (await this.#read(runId));
    this.#usages.set(runId, usage);
    if (usage.bytes + bytes > runBytesMax) return false;
    usage.bytes += bytes;
    return true;
  }

  #known(runId: string): Usage | null {
    const usage = this.#usages.get(runId);
    return usage !== undefined && this.#clock.now() - usage.readAtMs < freshMs ? usage : null;
  }

  async #read(runId: string): Promise<Usage> {
    const facts = await this.#history.factsOf(runId);
    const bytes = facts.reduce(
      (sum, fact) => sum + (fact.t === 'metadata' ? metadataBytes(fact) : 0),
      0,
    );
    // Somebody else may have asked at the same time and written since.
    return this.#known(runId) ?? { readAtMs: this.#clock.now(), bytes };
  }
}
