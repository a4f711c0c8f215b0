/**
 * `<`, `<=`, `>`, `>=` and ranges, on numbers or on texts. A missing path is below everything, and null is the zero of
 * the type (execution.md §24.3, §24.4).
 */

import { orderKey } from '../comparison.ts';
import type { Literals } from '../lifting.ts';
import { textCharsMax } from '../limits.ts';
import { isAbsent, Uint, type Value } from '../value.ts';
import type { Engine, Entry } from './engine.ts';
import { type Path, readPath } from './path.ts';
import type { Access, Bound } from './plan.ts';
import { SortedBlocks } from './sorted_blocks.ts';
import { hashKey, literalOf } from './term.ts';

type OrderAccess = Extract<Access, { kind: 'order' }>;

interface Limit<K> {
  readonly key: K;
  /** Whether the path may be equal to the key. */
  readonly isClosed: boolean;
}

/** What is compared with literals of one type at one path. */
class Thresholds<K extends number | string, E extends Entry> {
  private readonly from = new SortedBlocks<K, E>();
  private readonly above = new SortedBlocks<K, E>();
  private readonly upTo = new SortedBlocks<K, E>();
  private readonly below = new SortedBlocks<K, E>();

  constructor(
    readonly path: Path,
    private readonly limitOf: (bound: Bound, literals: Literals) => Limit<K> | null,
    private readonly zero: K,
  ) {}

  get isEmpty(): boolean {
    return [this.from, this.above, this.upTo, this.below].every(({ isEmpty }) => isEmpty);
  }

  add(access: OrderAccess, entry: E): void {
    const { lower, upper } = this.limits(access, entry.literals);
    if (lower !== null) this.lowers(lower).add(lower.key, upper?.key ?? null, entry);
    else if (upper !== null) this.uppers(upper).add(upper.key, null, entry);
  }

  remove(access: OrderAccess, entry: E): void {
    const { lower, upper } = this.limits(access, entry.literals);
    if (lower !== null) this.lowers(lower).remove(lower.key, entry);
    else if (upper !== null) this.uppers(upper).remove(upper.key, entry);
  }

  collect(event: unknown, visit: (entry: E) => void): void {
    const value = readPath(event, this.path);
    if (isAbsent(value)) {
      this.visitUppers(visit);
      return;
    }
    const key = typeof value === 'string' ? textKey(value) : (value ?? this.zero);
    if (this.isKey(key)) {
      this.from.visitHolding(key, true, visit);
      this.above.visitHolding(key, false, visit);
      this.upTo.visitAbove(key, true, visit);
      this.below.visitAbove(key, false, visit);
      return;
    }
    if (!isOtherNumber(key) || typeof this.zero !== 'number') return;
    // What is no double, and the double without an order, is rare enough to leave all of it to evaluation.
    this.visitUppers(visit);
    this.from.visitAll(visit);
    this.above.visitAll(visit);
  }

  private isKey(value: Value): value is K {
    return typeof value === typeof this.zero && !Number.isNaN(value);
  }

  private visitUppers(visit: (entry: E) => void): void {
    this.upTo.visitAll(visit);
    this.below.visitAll(visit);
  }

  private limits(
    access: OrderAccess,
    literals: Literals,
  ): Record<'lower' | 'upper', Limit<K> | null> {
    return {
      lower: access.lower && this.limitOf(access.lower, literals),
      upper: access.upper && this.limitOf(access.upper, literals),
    };
  }

  private lowers({ isClosed }: Limit<K>): SortedBlocks<K, E> {
    return isClosed ? this.from : this.above;
  }

  private uppers({ isClosed }: Limit<K>): SortedBlocks<K, E> {
    return isClosed ? this.upTo : this.below;
  }
}

export class OrderEngine<E extends Entry> implements Engine<'order', E> {
  private readonly paths = new Map<string, Thresholds<number, E> | Thresholds<string, E>>();

  get isEmpty(): boolean {
    return this.paths.size === 0;
  }

  add(access: OrderAccess, entry: E): void {
    const key = keyOfAccess(access);
    let thresholds = this.paths.get(key);
    if (thresholds === undefined) {
      thresholds =
        access.of === 'number'
          ? new Thresholds<number, E>(access.path, numberLimit, 0)
          : new Thresholds<string, E>(access.path, textLimit, '');
      this.paths.set(key, thresholds);
    }
    thresholds.add(access, entry);
  }

  remove(access: OrderAccess, entry: E): void {
    const key = keyOfAccess(access);
    const thresholds = this.paths.get(key);
    thresholds?.remove(access, entry);
    if (thresholds?.isEmpty) this.paths.delete(key);
  }

  collect(event: unknown, visit: (entry: E) => void): void {
    for (const thresholds of this.paths.values()) thresholds.collect(event, visit);
  }
}

function keyOfAccess({ path, of }: OrderAccess): string {
  return `${of} ${path.key}`;
}

function isOtherNumber(value: Value): boolean {
  return typeof value === 'number' || typeof value === 'bigint' || value instanceof Uint;
}

/** An integer that is no double is rounded, and then what equals the rounded one may be on either side. */
function numberLimit({ operator, term }: Bound, literals: Literals): Limit<number> | null {
  const key = hashKey(literalOf(term, literals));
  if (typeof key !== 'number' && typeof key !== 'bigint') return null;
  const isClosed = typeof key === 'bigint' || operator === '<=' || operator === '>=';
  return { key: Number(key), isClosed };
}

function textLimit({ operator, term }: Bound, literals: Literals): Limit<string> | null {
  const key = hashKey(literalOf(term, literals));
  if (typeof key !== 'string') return null;
  return { key: orderKey(key), isClosed: operator === '<=' || operator === '>=' };
}

/** No literal is longer than the text of a condition, so that what follows decides nothing. */
function textKey(text: string): string {
  return orderKey(text.length > textCharsMax ? text.slice(0, textCharsMax + 1) : text);
}
