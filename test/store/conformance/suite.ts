/**
 * A part of the conformance suite: it runs on each engine, and fails when a documented code of a script that it is
 * responsible for has not occurred by its end.
 */
import { expect, test } from 'bun:test';
import type { Store } from '../../../src/store/store.ts';
import { type Engine, onEachEngine, type StoreUnderTest } from '../../store_under_test.ts';
import { answersOf, type SuiteName, scriptAnswers } from './script_answers.ts';

export function conformance(name: SuiteName, suite: (engine: Engine) => void): void {
  onEachEngine((engine) => {
    const seen = new Set<string>();
    suite({
      name: engine.name,
      open: async (options) => listening(await engine.open(options), seen),
    });

    test(`every answer that the scripts of ${name} document has occurred`, () => {
      const documented = Object.entries(scriptAnswers)
        .filter(([, script]) => script.suite === name)
        .flatMap(([script, { answers }]) => answers.map((answer) => `${script}: ${answer}`));
      expect(documented.filter((answer) => !seen.has(answer))).toEqual([]);
    });
  });
}

function listening(under: StoreUnderTest, seen: Set<string>): StoreUnderTest {
  return {
    ...under,
    store: hearing(under.store, seen),
    another: async () => hearing(await under.another(), seen),
  };
}

/** The same store, whose answers are noted. */
function hearing(store: Store, seen: Set<string>): Store {
  return {
    run: async (script, args) => {
      const reply = await store.run(script, args);
      for (const answer of answersOf(script, reply, args)) seen.add(`${script}: ${answer}`);
      return reply;
    },
    settled: () => store.settled(),
    subscribe: (subscriber) => store.subscribe(subscriber),
    trouble: () => store.trouble(),
    close: () => store.close(),
  };
}
