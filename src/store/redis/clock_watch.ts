/**
 * Compares our clock, which leases go by, with that of Redis, which all of our servers can see: when a connection is
 * made, and now and then while it lasts.
 */
import type { Clock, Timer } from '../../lib/clock.ts';
import type { RedisConnection } from './redis_connection.ts';

/** Leases last tens of seconds; a difference beyond this eats into them. It is said again when it changed by as much. */
const skewMsMax = 2_000;
/** Clocks drift slowly; one that is set is noticed before long. */
const compareMs = 5 * 60_000;

export interface ClockWatchOptions {
  /** The clock that is compared. */
  readonly clock: Clock;
  /** The time that the next comparison is waited for by. */
  readonly linkClock: Clock;
  readonly warn: (text: string) => void;
}

export class ClockWatch {
  readonly #options: ClockWatchOptions;
  #timer: Timer | undefined;
  /** The difference that was last warned of, until the clocks agree again. */
  #saidMs: number | null = null;

  constructor(options: ClockWatchOptions) {
    this.#options = options;
  }

  /** Warns of a difference that is new. Never rejects. */
  async compare(connection: RedisConnection): Promise<void> {
    const skewMs = await readSkew(connection, this.#options.clock);
    if (skewMs === null) return;
    // Well within the bound, so that one that hovers about it is not said time and again.
    if (Math.abs(skewMs) <= skewMsMax / 2) this.#saidMs = null;
    if (Math.abs(skewMs) <= skewMsMax) return;
    if (this.#saidMs !== null && Math.abs(skewMs - this.#saidMs) <= skewMsMax) return;
    this.#saidMs = skewMs;
    this.#options.warn(skewText(skewMs));
  }

  /** Compares over this connection every few minutes, until `stop`. */
  start(connection: RedisConnection): void {
    const { linkClock } = this.#options;
    this.stop();
    this.#timer = linkClock.at(linkClock.now() + compareMs, () => {
      this.start(connection);
      void this.compare(connection);
    });
  }

  stop(): void {
    this.#timer?.cancel();
  }
}

/** The server's clock minus ours; null when it is not told, or so late that it tells nothing. */
async function readSkew(connection: RedisConnection, clock: Clock): Promise<number | null> {
  const sentAtMs = clock.now();
  // One who may not ask goes without; a broken connection is noticed by those who need it.
  const time = await connection.sendCommand(['TIME']).catch(() => null);
  const answeredAtMs = clock.now();
  if (!Array.isArray(time) || answeredAtMs - sentAtMs > skewMsMax) return null;
  const serverMs = Number(time[0]) * 1000 + Math.floor(Number(time[1]) / 1000);
  // Half of the way there and back is taken for the way back.
  return Math.round(serverMs - (sentAtMs + answeredAtMs) / 2);
}

function skewText(skewMs: number): string {
  const seconds = Math.abs(skewMs / 1000).toFixed(1);
  return (
    `the clock of Redis is ${seconds} s ${skewMs > 0 ? 'ahead of' : 'behind'} ours: leases of several servers ` +
    'end too early or too late when their clocks differ; keep all of them in time (NTP)'
  );
}
