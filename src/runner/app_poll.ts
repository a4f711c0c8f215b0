/**
 * Keeps apps in sync: asks each of them to register again and again, so that changes of code arrive and
 * errors clear without anybody's help (sdk-http-protocol.md §1.10).
 */
import type { AppDefinition } from '../function/definition.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { Registry } from '../state/registry.ts';
import { forEachBounded } from './bounded.ts';
import { Rounds } from './rounds.ts';

export interface AppPollParts {
  readonly clock: Clock;
  readonly log: Pick<Logger, 'warn'>;
  readonly registry: Pick<Registry, 'apps' | 'refresh'>;
  /** `syncApp` with its parts. */
  readonly sync: (url: string) => Promise<unknown>;
  readonly intervalMs: number;
  /** Whether it is this process that asks; left out, it always is. */
  readonly isOurs?: () => Promise<boolean>;
  /** False asks only apps that have an error. */
  readonly isPollingOn: boolean;
}

const pingsAtOnceMax = 8;

export class AppPoll {
  readonly #parts: AppPollParts;
  readonly #rounds: Rounds;

  constructor(parts: AppPollParts) {
    this.#parts = parts;
    this.#rounds = new Rounds({ ...parts, what: 'polling apps', round: () => this.#round() });
  }

  /** Asks at once, and then after each interval. */
  start(): void {
    this.#rounds.start();
  }

  /** Resolves when the pings under way have ended. */
  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  async #round(): Promise<boolean> {
    const { registry, sync, isPollingOn, isOurs } = this.#parts;
    if (isOurs && !(await isOurs())) return true;
    await registry.refresh();
    const due = registry
      .apps()
      .filter((app) => isPollable(app) && (isPollingOn || app.error !== ''));
    // Apps behind one URL answer together.
    await forEachBounded([...new Set(due.map(({ url }) => url))], pingsAtOnceMax, async (url) => {
      if (!this.#rounds.isStopped) await sync(url);
    });
    return true;
  }
}

/** Workers register when they connect, and durable endpoints when they are called. */
function isPollable({ method, url }: AppDefinition): boolean {
  return method === 'serve' && url !== '';
}
