/** The outbox as the store's scripts give it: facts that history may not have yet, oldest first. */
import type { Reply, Store } from '../store/store.ts';

/** The scripts copy what they read; big step outputs must not add up to gigabytes. */
const bytesPerReadMax = 8 * 1024 * 1024;

export interface OutboxPage {
  readonly facts: readonly string[];
  /** How many facts the outbox held, those of this page among them. */
  readonly length: number;
  /** Names the page when it is trimmed. */
  readonly position: number;
  /** Until when another server has the facts to itself, in ms; null when this one was given them. */
  readonly heldUntilMs: number | null;
}

/** Which of the servers that share a store reads, and until when it wants to have what it reads to itself. */
export interface OutboxClaim {
  /** Empty for the only reader. */
  readonly reader: string;
  readonly nowMs: number;
  readonly untilMs: number;
}

const onlyReader: OutboxClaim = { reader: '', nowMs: 0, untilMs: 0 };

export async function readOutbox(
  store: Store,
  countMax: number,
  { reader, nowMs, untilMs }: OutboxClaim = onlyReader,
): Promise<OutboxPage> {
  const args = [countMax, bytesPerReadMax, reader, nowMs, untilMs];
  return toPage(await store.run('outbox_read', args));
}

/** False when another server has trimmed the outbox since the page was read: it has to be read again. */
export async function trimOutbox(store: Store, page: OutboxPage): Promise<boolean> {
  return (
    (await store.run('outbox_trim', [
      page.facts.length,
      page.position,
      page.facts.at(-1) ?? '',
    ])) === 1
  );
}

function toPage(reply: Reply): OutboxPage {
  if (reply === null || typeof reply !== 'object') throw unexpected(reply);
  const [position, length, heldUntilMs, ...facts] = reply;
  if (typeof position !== 'number' || typeof length !== 'number') throw unexpected(reply);
  if (typeof heldUntilMs !== 'number') throw unexpected(reply);
  if (!facts.every((fact) => typeof fact === 'string')) throw unexpected(reply);
  return { facts, length, position, heldUntilMs: heldUntilMs === 0 ? null : heldUntilMs };
}

function unexpected(reply: Reply): Error {
  return new Error(`outbox_read answered with something else than facts: ${typeof reply}`);
}
