/**
 * Times scripts on one store. The callers of src/ make the calls and read the replies, as in a server, but outside the
 * time that is taken: what is timed is the store alone.
 */
import type { Reply, ScriptName, Store } from '../../src/store/store.ts';

export interface Timing {
  /** A script, or one of its cases: `step_commit: a wait`. */
  readonly name: string;
  readonly callsPerSecond: number;
}

interface Call {
  readonly script: ScriptName;
  readonly args: readonly (string | number)[];
  readonly reply: PromiseWithResolvers<Reply>;
}

/** Of calls that are not timed. */
const inFlightUntimed = 64;

export class ScriptTimer {
  readonly timings: Timing[] = [];
  /** What callers are given: it keeps their calls back while they are collected. */
  readonly store: Store;
  private collected: Call[] | null = null;

  constructor(
    private readonly timedStore: Store,
    private readonly inFlight: number,
  ) {
    this.store = {
      run: (script, args) => this.take(script, args),
      settled: () => timedStore.settled(),
      subscribe: (subscriber) => timedStore.subscribe(subscriber),
      trouble: () => timedStore.trouble(),
      close: () => timedStore.close(),
    };
  }

  /**
   * Makes `count` calls of one script and notes how many were answered a second. Throws when a call makes another script
   * run, more than one of them, or is answered with anything but what is right.
   */
  async timed<T>(
    name: string,
    count: number,
    call: (index: number) => Promise<T>,
    isRight: (answer: T, index: number) => boolean,
  ): Promise<T[]> {
    const collected: Call[] = [];
    this.collected = collected;
    const answering = Array.from({ length: count }, (_, index) => call(index));
    this.collected = null;
    const script = scriptOf(name);
    const others = collected.filter((made) => made.script !== script);
    if (collected.length !== count || others.length > 0) {
      throw new Error(`${name}: ${count} calls ran ${collected.length} scripts, not all ${script}`);
    }
    const startedMs = performance.now();
    const replies = await this.send(collected);
    const seconds = (performance.now() - startedMs) / 1_000;
    // What a phase leaves to be written must not weigh on the next.
    await this.timedStore.settled();
    for (const [index, made] of collected.entries()) made.reply.resolve(replies[index] ?? null);
    const answers = await Promise.all(answering);
    for (const [index, answer] of answers.entries()) {
      if (isRight(answer, index)) continue;
      throw new Error(`${name}, call ${index}: answered ${JSON.stringify(answer)}`);
    }
    this.timings.push({ name, callsPerSecond: count / seconds });
    return answers;
  }

  /** Makes calls that only prepare what is timed, or clean up after it. */
  async untimed<T>(count: number, call: (index: number) => Promise<T>): Promise<T[]> {
    const answers: T[] = [];
    for (let from = 0; from < count; from += inFlightUntimed) {
      const length = Math.min(inFlightUntimed, count - from);
      answers.push(
        ...(await Promise.all(Array.from({ length }, (_, index) => call(from + index)))),
      );
    }
    await this.timedStore.settled();
    return answers;
  }

  private take(script: ScriptName, args: readonly (string | number)[]): Promise<Reply> {
    if (!this.collected) return this.timedStore.run(script, args);
    const reply = Promise.withResolvers<Reply>();
    this.collected.push({ script, args, reply });
    return reply.promise;
  }

  /** As many calls at once as are in flight, and then a turn of the event loop: the disk is written to meanwhile. */
  private async send(calls: readonly Call[]): Promise<Reply[]> {
    const replies: Reply[] = [];
    for (let from = 0; from < calls.length; from += this.inFlight) {
      const together = calls.slice(from, from + this.inFlight);
      const running = together.map(({ script, args }) => this.timedStore.run(script, args));
      replies.push(...(await Promise.all(running)));
      // In a server somebody waits for it; a failure is thrown to whoever waits next.
      this.timedStore.settled().catch(() => {});
      await new Promise((done) => setImmediate(done));
    }
    return replies;
  }
}

/** The script that a timing is about. */
export function scriptOf(name: string): ScriptName {
  return name.split(':', 1)[0] ?? name;
}
