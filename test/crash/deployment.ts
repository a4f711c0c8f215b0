/** Servers in one of the ways in which they are run, and how something of them dies and comes back. */
import type { HistoryOptions } from '../../src/history/open_history.ts';
import { eventually } from '../eventually.ts';
import type { Random } from './random.ts';

/** What a strike has to know of the load, and to tell. */
export interface Battlefield {
  /** Whether the app has calls of a living server under way. */
  isBusy(): boolean;
  onKill(): void;
}

export interface Deployment {
  /** The store that it is on, and how. */
  readonly name: string;
  /** Of a server that should answer; of several one at random. */
  serverUrl(): string;
  /** Kills something at a random instant and sees to it that it comes back. Resolves when the next may come. */
  strike(random: Random, field: Battlefield): Promise<void>;
  /** Resolves when everything is up again. */
  recover(): Promise<void>;
  /**
   * Ends the servers as a deploy does, and resolves with the keys that are then in the store, without its prefix.
   * They can be started again by `recover`.
   */
  end(): Promise<readonly string[]>;
  readonly history: HistoryOptions;
  logs(): Promise<string>;
  dispose(): Promise<void>;
}

export type Opening = () => Promise<Deployment>;

/** Work that only waits for leases and timers does not hold the next kill up for longer. */
const idleMsMax = 2_000;

/** Resolves when calls are under way, so that the next kill hits them, or when there have been none for long. */
export async function untilBusy({ isBusy }: Battlefield): Promise<void> {
  await eventually(isBusy, { deadlineMs: idleMsMax, intervalMs: 2 }).catch(() => undefined);
}
