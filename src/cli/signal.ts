/** How a server is asked to end: the first signal kindly, the second at once. */

type EndSignal = 'SIGINT' | 'SIGTERM';

/** What shells report for a process that a signal ended: 128 + its number. */
export const exitCodeOf: Readonly<Record<EndSignal, number>> = { SIGINT: 130, SIGTERM: 143 };

/** Resolves at the first SIGINT or SIGTERM. From then on the next one ends the process without waiting. */
export function firstSignal(): Promise<EndSignal> {
  return new Promise((received) => {
    let isAsked = false;
    const listen = (signal: EndSignal): void => {
      process.on(signal, () => {
        if (isAsked) process.exit(exitCodeOf[signal]);
        isAsked = true;
        received(signal);
      });
    };
    listen('SIGINT');
    listen('SIGTERM');
  });
}
