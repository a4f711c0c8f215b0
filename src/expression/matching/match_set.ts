/**
 * Conditions on events, of which those that an event fulfils are found without evaluating them all (execution.md §25):
 * an index names the candidates, and evaluation decides. The answer is the same as from evaluating every one.
 */

import { type Clock, systemClock } from '../../lib/clock.ts';
import { type Prepared, prepare } from '../compile_cache.ts';
import { evaluatePrepared, type Variables } from '../expression.ts';
import type { Literals } from '../lifting.ts';
import type { Entry } from './engine.ts';
import { HashEngine } from './hash_engine.ts';
import { MemberEngine } from './member_engine.ts';
import { OrderEngine } from './order_engine.ts';
import { type Access, constantRatio, type Plan, planFor } from './plan.ts';
import { StateEngine } from './state_engine.ts';

/** How many conditions an index decides, partly decides, or does not help with; constants need no event. */
export interface Counts {
  readonly fast: number;
  readonly mixed: number;
  readonly slow: number;
  readonly constant: number;
}

interface Item<Id> extends Entry {
  readonly id: Id;
  readonly prepared: Prepared;
  readonly plan: Plan;
  /** The event that it was last a candidate for. */
  seenBy: number;
}

const noLiterals: Literals = {};

/** Evaluation for one event before others get a turn: a part of what people notice, many times what a turn costs. */
const sliceMs = 5;

export class MatchSet<Id> {
  private readonly items = new Map<Id, Item<Id>>();
  /** Candidates for every event. */
  private readonly always = new Set<Item<Id>>();
  private readonly hash = new HashEngine<Item<Id>>();
  private readonly member = new MemberEngine<Item<Id>>();
  private readonly order = new OrderEngine<Item<Id>>();
  private readonly state = new StateEngine<Item<Id>>();
  private readonly engines = [this.hash, this.member, this.order, this.state] as const;
  private readonly tally = { fast: 0, mixed: 0, slow: 0, constant: 0 };
  private added = 0;
  private events = 0;

  constructor(private readonly clock: Clock = systemClock) {}

  get size(): number {
    return this.items.size;
  }

  /** Whether nothing of what was removed is left behind. */
  get isIndexEmpty(): boolean {
    return this.always.size === 0 && this.engines.every(({ isEmpty }) => isEmpty);
  }

  get counts(): Counts {
    return { ...this.tally };
  }

  /**
   * Takes the place of what has this id already. The ratio is 1 for a condition that an index decides, 0 for one that
   * is tried with every event, between them for one of both kinds, and -1 for a constant: the empty text (always
   * true), `true`, `false`, and what does not compile (never true).
   */
  add(id: Id, text: string): number {
    this.remove(id);
    const prepared = prepare(text === '' ? 'true' : text);
    const plan = planOf(prepared);
    const literals = prepared.ok ? prepared.literals : noLiterals;
    const item = { id, prepared, plan, literals, number: this.added++, seenBy: 0 };
    this.items.set(id, item);
    this.tally[kindOf(plan)] += 1;
    if (plan.accesses === null) this.always.add(item);
    else for (const access of plan.accesses) this.index(access, item, 'add');
    return plan.ratio;
  }

  /** Whether it was there. */
  remove(id: Id): boolean {
    const item = this.items.get(id);
    if (item === undefined) return false;
    this.items.delete(id);
    this.tally[kindOf(item.plan)] -= 1;
    if (item.plan.accesses === null) this.always.delete(item);
    else for (const access of item.plan.accesses) this.index(access, item, 'remove');
    return true;
  }

  /**
   * The ids of the conditions that are true with the event as `async`, each once, in no order that means anything.
   * `onFailure` hears of candidates that could not be evaluated, or gave something else than a boolean. Never throws.
   */
  matches(event: unknown, onFailure?: (id: Id, message: string) => void): Id[] {
    const vars = { async: event };
    const matching: Id[] = [];
    for (const item of this.candidates(event)) {
      if (this.holds(item, vars, onFailure)) matching.push(item.id);
    }
    return matching;
  }

  /**
   * The same, but others get a turn after every `sliceMs` of evaluation. What is added meanwhile is not looked at, what
   * is removed is left out. `monotonicMs` is the time of the slices.
   */
  async matchesInSlices(
    event: unknown,
    onFailure?: (id: Id, message: string) => void,
    monotonicMs: () => number = () => performance.now(),
  ): Promise<Id[]> {
    const vars = { async: event };
    const isHeld = (item: Item<Id>): boolean => this.items.get(item.id) === item;
    const matching: Item<Id>[] = [];
    let sliceEndsMs = monotonicMs() + sliceMs;
    for (const item of this.candidates(event)) {
      if (monotonicMs() >= sliceEndsMs) {
        await new Promise<void>((turn) => setImmediate(turn));
        sliceEndsMs = monotonicMs() + sliceMs;
      }
      if (isHeld(item) && this.holds(item, vars, onFailure)) matching.push(item);
    }
    return matching.filter(isHeld).map(({ id }) => id);
  }

  private candidates(event: unknown): readonly Item<Id>[] {
    this.events += 1;
    const seen = this.events;
    const found: Item<Id>[] = [];
    const consider = (item: Item<Id>): void => {
      if (item.seenBy === seen) return;
      item.seenBy = seen;
      found.push(item);
    };
    for (const engine of this.engines) engine.collect(event, consider);
    for (const item of this.always) consider(item);
    return found;
  }

  private holds(
    { id, prepared }: Item<Id>,
    vars: Variables,
    onFailure?: (id: Id, message: string) => void,
  ): boolean {
    const result = evaluatePrepared(prepared, vars, this.clock);
    if (!result.ok) onFailure?.(id, result.message);
    return result.ok && result.value;
  }

  private index(access: Access, item: Item<Id>, change: 'add' | 'remove'): void {
    switch (access.kind) {
      case 'hash':
        this.hash[change](access, item);
        break;
      case 'member':
        this.member[change](access, item);
        break;
      case 'order':
        this.order[change](access, item);
        break;
      case 'state':
        this.state[change](access, item);
        break;
    }
  }
}

const broken: Plan = { accesses: null, ratio: constantRatio };

function planOf(prepared: Prepared): Plan {
  return prepared.ok ? planFor(prepared.program, prepared.literals) : broken;
}

function kindOf({ ratio }: Plan): keyof Counts {
  if (ratio === constantRatio) return 'constant';
  if (ratio === 1) return 'fast';
  return ratio === 0 ? 'slow' : 'mixed';
}
