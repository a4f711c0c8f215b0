/**
 * Hears what scripts publish, over a connection of its own. Where something may not have been heard it says so on
 * `<prefix>:missed`: whenever it hears again, and once a second while it does not although scripts run.
 */
import type { Timer } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import type { Subscriber } from '../store.ts';
import { MasterLink, type MasterLinkOptions } from './master_link.ts';

/** How often work is looked for that nobody could tell us about. */
const missedMs = 1_000;

export interface MessageLinkOptions
  extends Pick<MasterLinkOptions, 'access' | 'prefix' | 'clock' | 'random'> {
  readonly log: Pick<Logger, 'info' | 'warn'>;
  readonly tell: Subscriber;
  /** Without scripts nothing is published, and there is nothing to look for. */
  readonly canRunScripts: () => boolean;
}

export class MessageLink {
  readonly #options: MessageLinkOptions;
  readonly #link: MasterLink;
  #timer: Timer | undefined;
  #isAbsenceLogged = false;

  constructor(options: MessageLinkOptions) {
    const { access, prefix, clock, random, tell } = options;
    this.#options = options;
    this.#link = new MasterLink({
      ...{ access, prefix, clock, random },
      prepare: (connection) => connection.subscribe(`${escapeGlob(prefix)}:*`, tell),
      onReady: () => this.#isBack(),
      onAway: () => this.#arm(),
    });
  }

  /** As `MasterLink.start`. */
  start(): Promise<void> {
    return this.#link.start();
  }

  close(): void {
    this.#timer?.cancel();
    this.#link.close();
  }

  #isBack(): void {
    const { log, access } = this.#options;
    this.#timer?.cancel();
    if (this.#isAbsenceLogged) {
      log.info('messages of Redis are heard again', { redis: access.target.shown });
    }
    this.#isAbsenceLogged = false;
    this.#tellMissed();
  }

  #arm(): void {
    const { clock, canRunScripts } = this.#options;
    this.#timer = clock.at(clock.now() + missedMs, () => {
      this.#arm();
      if (!canRunScripts()) return;
      this.#logAbsence();
      this.#tellMissed();
    });
  }

  #logAbsence(): void {
    if (this.#isAbsenceLogged) return;
    this.#isAbsenceLogged = true;
    const { log, access } = this.#options;
    log.warn(
      `messages of Redis are not heard: ${this.#link.absence?.reason}; until they are, work is looked for ` +
        `every ${missedMs / 1000} s`,
      { redis: access.target.shown },
    );
  }

  #tellMissed(): void {
    const { tell, prefix } = this.#options;
    tell(`${prefix}:missed`, '');
  }
}

function escapeGlob(text: string): string {
  return text.replace(/[*?[\]\\]/g, '\\$&');
}
