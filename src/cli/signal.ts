/** How a server is asked to end, the first signal kindly, the second at once; and to read its documents again. */
import { closeSync, openSync } from 'node:fs';

/** SIGHUP is one only when it means that the terminal was closed. */
type EndSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

/** What shells report for a process that a signal ended: 128 + its number. */
export const exitCodeOf: Readonly<Record<EndSignal, number>> = {
  SIGINT: 130,
  SIGTERM: 143,
  SIGHUP: 129,
};

/**
 * Resolves at the first SIGINT or SIGTERM, or when the terminal that the server was started at is closed. From then on
 * the next one ends the process without waiting.
 */
export function firstSignal(): Promise<EndSignal> {
  return new Promise((received) => {
    let isAsked = false;
    const wasAtTerminal = process.stdin.isTTY === true;
    const listen = (signal: EndSignal): void => {
      process.on(signal, () => {
        if (signal === 'SIGHUP' && !(wasAtTerminal && isTerminalGone())) return;
        if (isAsked) process.exit(exitCodeOf[signal]);
        isAsked = true;
        received(signal);
      });
    };
    listen('SIGINT');
    listen('SIGTERM');
    listen('SIGHUP');
  });
}

/** A closed terminal is the terminal of no process any more. */
function isTerminalGone(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return false;
  } catch {
    return true;
  }
}

/**
 * From now on SIGHUP does not end the process. The result calls a listener for every one, also for those that came
 * before it, together; it returns what ends that.
 */
export function hangups(): (listener: () => void) => () => void {
  let tell: (() => void) | null = null;
  let hasCome = false;
  process.on('SIGHUP', () => {
    if (tell === null) hasCome = true;
    else tell();
  });
  return (listener) => {
    tell = listener;
    if (hasCome) listener();
    hasCome = false;
    return () => {
      tell = null;
    };
  };
}
