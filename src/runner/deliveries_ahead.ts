/**
 * Deliveries that are under way, in the order in which they began. Several run at once, but an event that may cancel
 * a run must not overtake the event that starts it.
 */

interface UnderWay {
  /** Names of events that cancel a run which this delivery may start. */
  readonly cancelNames: ReadonlySet<string>;
  readonly done: Promise<unknown>;
}

export interface Ahead {
  /** Waits for the deliveries that began before and may start a run which an event of this name cancels. */
  settled(eventName: string): Promise<void>;
}

export class DeliveriesAhead {
  readonly #underWay = new Set<UnderWay>();

  /** Begins a delivery at once; each waits only for earlier ones, so that none waits for ever. */
  async run(
    cancelNames: ReadonlySet<string>,
    deliver: (ahead: Ahead) => Promise<void>,
  ): Promise<void> {
    const earlier = [...this.#underWay].filter((other) => other.cancelNames.size > 0);
    const settled = async (eventName: string): Promise<void> => {
      for (const { cancelNames: names, done } of earlier) if (names.has(eventName)) await done;
    };
    const end = Promise.withResolvers<void>();
    const own: UnderWay = { cancelNames, done: end.promise };
    if (cancelNames.size > 0) this.#underWay.add(own);
    try {
      await deliver({ settled });
    } finally {
      this.#underWay.delete(own);
      end.resolve();
    }
  }
}
