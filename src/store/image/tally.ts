/**
 * Counts and checksums of an image, whatever order it comes in. Keys that expire are summed by the minute in which they
 * do, so that those which went while an image was moved can be left out of a comparison.
 */
import { hash } from 'node:crypto';
import { type ImageChunk, textsPerPart } from './chunk.ts';

/** Counts and checksum of the keys that begin with the same word: runs, items, pauses. */
export interface GroupSum {
  readonly group: string;
  readonly keys: number;
  /** Values, fields, members and elements. */
  readonly parts: number;
  /** 32 hexadecimal digits. */
  readonly checksum: string;
}

interface Sum {
  keys: number;
  parts: number;
  digest: bigint;
}

const minuteMs = 60_000;
/** Two machines' clocks may differ by this much before a comparison is disturbed. */
const clockSlackMs = 2 * minuteMs;
const digestModulus = 1n << 128n;
const never = Number.POSITIVE_INFINITY;

export class Tally {
  /** By the minute of expiry, then by group. */
  readonly #minutes = new Map<number, Map<string, Sum>>();
  #keys = 0;

  get keys(): number {
    return this.#keys;
  }

  add(chunk: ImageChunk): void {
    const sum = this.#sumFor(chunk);
    if (chunk.start === 0) {
      sum.keys += 1;
      this.#keys += 1;
    }
    const step = textsPerPart[chunk.kind];
    for (let at = 0; at < chunk.texts.length; at += step) {
      sum.parts += 1;
      sum.digest += partDigest(chunk, at, step);
    }
    sum.digest %= digestModulus;
  }

  /** One line per group, sorted; with a time, only of keys that outlive it for certain. */
  groups(nowMs?: number): GroupSum[] {
    const totals = new Map<string, Sum>();
    for (const [minute, sums] of this.#minutes) {
      if (nowMs !== undefined && minute * minuteMs <= nowMs + clockSlackMs) continue;
      for (const [group, { keys, parts, digest }] of sums) {
        const total = totals.get(group) ?? { keys: 0, parts: 0, digest: 0n };
        total.keys += keys;
        total.parts += parts;
        total.digest = (total.digest + digest) % digestModulus;
        totals.set(group, total);
      }
    }
    return [...totals]
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([group, { keys, parts, digest }]) => ({
        group,
        keys,
        parts,
        checksum: digest.toString(16).padStart(32, '0'),
      }));
  }

  #sumFor({ key, expiresAtMs }: ImageChunk): Sum {
    const minute = expiresAtMs === 0 ? never : Math.floor(expiresAtMs / minuteMs);
    const sums = this.#minutes.get(minute) ?? new Map<string, Sum>();
    this.#minutes.set(minute, sums);
    const group = groupOf(key);
    const sum = sums.get(group) ?? { keys: 0, parts: 0, digest: 0n };
    sums.set(group, sum);
    return sum;
  }
}

/** The groups in which two images differ, in words; none when they are the same. */
export function differences(expected: Tally, found: Tally, nowMs: number): string[] {
  const wanted = new Map(expected.groups(nowMs).map((sum) => [sum.group, sum]));
  const present = new Map(found.groups(nowMs).map((sum) => [sum.group, sum]));
  return [...new Set([...wanted.keys(), ...present.keys()])].flatMap((group) => {
    const left = wanted.get(group);
    const right = present.get(group);
    if (left?.checksum === right?.checksum && left?.keys === right?.keys) return [];
    return [`${group}: ${countText(left)} went in, ${countText(right)} came out`];
  });
}

function countText(sum: GroupSum | undefined): string {
  if (!sum) return 'nothing';
  return `${sum.keys} keys with ${sum.parts} parts (${sum.checksum.slice(0, 8)})`;
}

function groupOf(key: string): string {
  const end = key.indexOf(':');
  return end < 0 ? key : key.slice(0, end);
}

/** Half of a SHA-256 is plenty against accidents; sums of such digests do not depend on the order. */
function partDigest(chunk: ImageChunk, at: number, step: number): bigint {
  const { key, kind, expiresAtMs, texts, start } = chunk;
  const place = kind === 'list' ? start + at : 0;
  const record = JSON.stringify([kind, key, expiresAtMs, place, ...texts.slice(at, at + step)]);
  const digest = hash('sha256', record, 'buffer');
  return (digest.readBigUInt64BE(0) << 64n) | digest.readBigUInt64BE(8);
}
