/** All keys in memory: finding, creating and removing them, and their expiry. */
import type { Clock, Timer } from '../../lib/clock.ts';
import type { Subscriber } from '../store.ts';
import { type Entry, emptyEntry, ephemeral, type Kind, unwritten } from './entry.ts';
import { type Expiry, ExpiryHeap } from './expiry_heap.ts';
import { fieldsOf } from './packed_entry.ts';
import { wrongType } from './reply.ts';

/** Hears of every change to a key that is to survive a restart. */
export interface ChangeListener {
  changed(entry: Entry): void;
  removed(entry: Entry): void;
}

/** The timer removes at most this many expired keys in one go, so that it never holds up scripts. */
const sweepKeysMax = 500;

export class Keyspace {
  readonly #entries = new Map<string, Entry>();
  readonly #expiries = new ExpiryHeap();
  /** Keys that expire. */
  #mortal = 0;
  readonly #clock: Clock;
  readonly #listener: ChangeListener | undefined;
  readonly #ephemeralPrefix: string;
  #sweepTimer: { readonly atMs: number; readonly timer: Timer } | undefined;
  readonly #subscribers = new Set<Subscriber>();
  /** Time stands still while a script runs, as in Redis. */
  nowMs: number;

  /** Without a listener nothing is durable. */
  constructor(clock: Clock, prefix: string, listener?: ChangeListener) {
    this.#clock = clock;
    this.#listener = listener;
    this.#ephemeralPrefix = `${prefix}:x:`;
    this.nowMs = clock.now();
  }

  subscribe(subscriber: Subscriber): () => void {
    this.#subscribers.add(subscriber);
    return () => this.#subscribers.delete(subscriber);
  }

  /** Answers how many heard it. */
  publish(channel: string, message: string): number {
    for (const subscriber of this.#subscribers) subscriber(channel, message);
    return this.#subscribers.size;
  }

  get size(): number {
    return this.#entries.size;
  }

  keys(): string[] {
    const nowMs = this.#clock.now();
    const keys: string[] = [];
    for (const { key, expiresAtMs } of this.#entries.values()) {
      if (expiresAtMs === 0 || expiresAtMs > nowMs) keys.push(key);
    }
    return keys;
  }

  /** The hashes whose key begins with `prefix`: the rest of the key, and these fields. */
  *hashes(
    prefix: string,
    names: readonly string[],
  ): Generator<[rest: string, fields: (string | null)[]]> {
    const nowMs = this.#clock.now();
    for (const entry of this.#entries.values()) {
      if (entry.kind !== 'hash' || !entry.key.startsWith(prefix)) continue;
      if (entry.expiresAtMs !== 0 && entry.expiresAtMs <= nowMs) continue;
      yield [entry.key.slice(prefix.length), fieldsOf(entry, names)];
    }
  }

  find(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.expiresAtMs === 0) return entry;
    if (entry.expiresAtMs > this.nowMs) return entry;
    this.remove(entry);
    return undefined;
  }

  /** The key's entry when it is of this kind, undefined when there is none, WRONGTYPE otherwise. */
  read<K extends Kind>(key: string, kind: K): Extract<Entry, { kind: K }> | undefined {
    const entry = this.find(key);
    if (entry === undefined) return undefined;
    if (!isOfKind(entry, kind)) throw wrongType();
    return entry;
  }

  /** As `read`, but makes the key when there is none. The caller puts something into it. */
  write<K extends Kind>(key: string, kind: K): Extract<Entry, { kind: K }> {
    const found = this.read(key, kind);
    if (found) return found;
    const entry = emptyEntry(key, kind, this.#isDurable(key) ? unwritten : ephemeral);
    this.#entries.set(key, entry);
    return entry;
  }

  /** Notes that a part (hash field, set member) changed, or the whole value when no part is named. */
  touch(entry: Entry, part?: string | number): void {
    if (entry.rowId === ephemeral) return;
    if (entry.split !== null && part !== undefined) {
      entry.split.staleParts ??= new Set();
      entry.split.staleParts.add(part);
    }
    this.#listener?.changed(entry);
  }

  remove(entry: Entry): void {
    this.#entries.delete(entry.key);
    if (entry.expiresAtMs !== 0) this.#mortal -= 1;
    if (entry.rowId !== ephemeral) this.#listener?.removed(entry);
  }

  /** Removes a collection that has lost its last part. */
  removeIfEmpty(entry: Entry): void {
    const isEmpty =
      entry.kind === 'list'
        ? entry.value.length === 0
        : entry.kind !== 'string' && entry.value.size === 0;
    if (isEmpty) this.remove(entry);
  }

  /** 0 means never. A time that has passed removes the key at once. */
  setExpiry(entry: Entry, atMs: number): void {
    if (atMs !== 0 && atMs <= this.nowMs) {
      this.remove(entry);
      return;
    }
    if (entry.expiresAtMs === atMs) return;
    this.#mortal += (atMs === 0 ? 0 : 1) - (entry.expiresAtMs === 0 ? 0 : 1);
    entry.expiresAtMs = atMs;
    if (atMs !== 0) this.#expiries.add({ key: entry.key, atMs });
    this.#expiries.tidy(this.#mortal, (expiry) => this.#isRight(expiry));
    this.#armSweep();
    if (entry.rowId === ephemeral) return;
    if (entry.split !== null) entry.split.isExpiryStale = true;
    this.#listener?.changed(entry);
  }

  /** Puts keys that were read from disk into an empty space. */
  restore(pages: readonly (readonly Entry[])[]): void {
    const expiries: Expiry[] = [];
    for (const page of pages) {
      for (const entry of page) {
        const { key, expiresAtMs } = entry;
        this.#entries.set(key, entry);
        if (expiresAtMs !== 0) expiries.push({ key, atMs: expiresAtMs });
      }
    }
    this.#mortal = expiries.length;
    this.#expiries.fill(expiries);
    this.#armSweep();
  }

  /** The entries that are kept on disk, those included that have expired but not been removed yet. */
  *durableEntries(): Generator<Entry> {
    for (const entry of this.#entries.values()) if (entry.rowId !== ephemeral) yield entry;
  }

  close(): void {
    this.#sweepTimer?.timer.cancel();
    this.#sweepTimer = undefined;
  }

  #armSweep(): void {
    const next = this.#expiries.first();
    if (next === undefined) return;
    if (this.#sweepTimer && this.#sweepTimer.atMs <= next.atMs) return;
    this.#sweepTimer?.timer.cancel();
    const timer = this.#clock.at(next.atMs, () => this.#sweep());
    this.#sweepTimer = { atMs: next.atMs, timer };
  }

  #sweep(): void {
    this.#sweepTimer = undefined;
    this.nowMs = this.#clock.now();
    for (let swept = 0; swept < sweepKeysMax; swept += 1) {
      const next = this.#expiries.first();
      if (next === undefined || next.atMs > this.nowMs) break;
      this.#expiries.removeFirst();
      this.find(next.key);
    }
    this.#armSweep();
  }

  #isRight({ key, atMs }: Expiry): boolean {
    return this.#entries.get(key)?.expiresAtMs === atMs;
  }

  #isDurable(key: string): boolean {
    return this.#listener !== undefined && !key.startsWith(this.#ephemeralPrefix);
  }
}

function isOfKind<K extends Kind>(entry: Entry, kind: K): entry is Extract<Entry, { kind: K }> {
  return entry.kind === kind;
}
