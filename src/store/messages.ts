/**
 * What scripts PUBLISH: hints that spare polling. The channels are `<prefix>:wake`, `:facts`, `:unpaused`,
 * `:ended`, `:apps` and `:paused`; what they announce is in the store before anyone hears of it. On `:resync` and `:missed` the
 * store speaks for itself (see `Store.subscribe`).
 */
import type { Store } from './store.ts';

export interface MessageListener {
  /** A partition has work at `atMs`. */
  wake(partition: string, atMs: number): void;
  /** Facts were written to the outbox; servers before this one do not tell their bytes (0). */
  facts(count: number, bytes: number): void;
  /** A wait or cancellation for an event name is over. */
  unpaused(eventName: string, pauseId: string): void;
  /** A run has ended. */
  ended(runId: string): void;
  /** An app was stored or removed, by this process or another. */
  apps(): void;
  /** A function was paused or goes on. */
  paused(functionId: string): void;
  /** The store could not be used and can be again: what is kept alive by writing (leases) was not, meanwhile. */
  resync(): void;
  /** Messages may have been lost: whatever they would have told has to be looked up. */
  missed(): void;
}

/** Returns how to stop listening. */
export function listenToScripts(store: Store, listener: Partial<MessageListener>): () => void {
  return store.subscribe((channel, message) => {
    const [first, rest] = splitAtSpace(message);
    switch (channel.slice(channel.lastIndexOf(':') + 1)) {
      case 'wake':
        return listener.wake?.(rest, Number(first));
      case 'facts':
        return listener.facts?.(Number(first), Number(rest));
      case 'unpaused':
        return listener.unpaused?.(rest, first);
      case 'ended':
        return listener.ended?.(message);
      case 'apps':
        return listener.apps?.();
      case 'paused':
        return listener.paused?.(message);
      case 'resync':
        return listener.resync?.();
      case 'missed':
        return listener.missed?.();
      default:
    }
  });
}

/** Names may hold spaces, so they come last. */
function splitAtSpace(message: string): readonly [string, string] {
  const at = message.indexOf(' ');
  return at < 0 ? [message, ''] : [message.slice(0, at), message.slice(at + 1)];
}
