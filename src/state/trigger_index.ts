/** Which functions an event sets off, found by name without looking at every function (execution.md §3.3). */
import { patternsOf } from '../event/pattern.ts';
import type { FunctionDefinition } from '../function/definition.ts';

export interface TriggeredFunction {
  readonly fn: FunctionDefinition;
  /** Condition on the event; the function runs when it holds or is absent. */
  readonly triggerExpression?: string;
}

export interface CronFunction {
  readonly fn: FunctionDefinition;
  readonly cron: string;
  readonly jitter?: string;
}

interface Entry extends TriggeredFunction {
  /** Place of the trigger among all triggers of all functions, in declared order. */
  readonly place: number;
}

/** Names that were asked for lately; senders use few names, but they may make up any number. */
const namesMax = 2_000;

export class TriggerIndex {
  readonly #byPattern = new Map<string, Entry[]>();
  readonly #byName = new Map<string, readonly TriggeredFunction[]>();
  readonly crons: readonly CronFunction[];

  constructor(functions: Iterable<FunctionDefinition>) {
    const crons: CronFunction[] = [];
    let place = 0;
    for (const fn of functions) {
      for (const trigger of fn.triggers) {
        place += 1;
        if ('cron' in trigger) {
          const { cron, jitter } = trigger;
          crons.push(jitter === undefined ? { fn, cron } : { fn, cron, jitter });
        } else {
          this.#add(trigger.event, { fn, place, triggerExpression: trigger.expression });
        }
      }
    }
    this.crons = crons;
  }

  /** Functions in a fixed order; the triggers of one function are neighbours, in declared order. */
  triggeredBy(eventName: string): readonly TriggeredFunction[] {
    const known = this.#byName.get(eventName);
    if (known !== undefined) return known;
    const found = patternsOf(eventName)
      .flatMap((pattern) => this.#byPattern.get(pattern) ?? [])
      .sort((a, b) => a.place - b.place);
    if (this.#byName.size >= namesMax) this.#byName.clear();
    this.#byName.set(eventName, found);
    return found;
  }

  #add(pattern: string, entry: Entry): void {
    const entries = this.#byPattern.get(pattern);
    if (entries === undefined) this.#byPattern.set(pattern, [entry]);
    else entries.push(entry);
  }
}
