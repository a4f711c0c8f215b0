/**
 * The match set against evaluation of every condition, as it is written. `MATCHING_PAIRS` is the number of events,
 * each with a set that has changed since the last; `MATCHING_SEED` repeats a failure.
 */
import { expect, test } from 'bun:test';
import { type Prepared, prepareAsWritten } from '../../../src/expression/compile_cache.ts';
import { evaluatePrepared } from '../../../src/expression/expression.ts';
import { MatchSet } from '../../../src/expression/matching/match_set.ts';
import { type Random, randomCondition, randomEvent, randomOf } from './random_conditions.ts';

const pairs = Number(process.env.MATCHING_PAIRS ?? 100_000);
const seed = Number(process.env.MATCHING_SEED ?? Date.now() % 1_000_000_000);

interface Held {
  readonly text: string;
  readonly prepared: Prepared;
}

/** The set and the same conditions side by side. */
class Twins {
  readonly set = new MatchSet<number>();
  readonly held = new Map<number, Held>();
  private next = 0;

  add(text: string, id = this.next++): void {
    this.held.set(id, { text, prepared: prepareAsWritten(text === '' ? 'true' : text) });
    const ratio = this.set.add(id, text);
    if (ratio !== -1 && !(ratio >= 0 && ratio <= 1)) throw new Error(`${text} has ratio ${ratio}`);
  }

  remove(id: number): void {
    const wasHeld = this.held.delete(id);
    if (this.set.remove(id) !== wasHeld) throw new Error(`removing ${id}, which was ${wasHeld}`);
  }

  expected(event: unknown): number[] {
    const vars = { async: event };
    const matching: number[] = [];
    for (const [id, { prepared }] of this.held) {
      const result = evaluatePrepared(prepared, vars);
      if (result.ok && result.value) matching.push(id);
    }
    return matching;
  }

  /** What differs for an event, written for a person; '' when nothing does. */
  difference(event: unknown): string {
    const found = this.set.matches(event).sort((a, b) => a - b);
    const expected = this.expected(event).sort((a, b) => a - b);
    if (Bun.deepEquals(found, expected)) return '';
    const texts = (ids: number[]) => ids.map((id) => this.held.get(id)?.text ?? `gone: ${id}`);
    const missed = texts(expected.filter((id) => !found.includes(id)));
    const wrong = texts(found.filter((id, i) => !expected.includes(id) || found[i - 1] === id));
    return JSON.stringify({ event, missed, wrong });
  }
}

function randomHeld(random: Random, twins: Twins): number {
  return [...twins.held.keys()][random(twins.held.size)] ?? -1;
}

function change(random: Random, twins: Twins, mostHeld: number): void {
  switch (random(8)) {
    case 0:
      twins.remove(randomHeld(random, twins));
      break;
    case 1:
      twins.add(randomCondition(random), randomHeld(random, twins));
      break;
    case 2: {
      const text = twins.held.get(randomHeld(random, twins))?.text;
      twins.add(text ?? randomCondition(random));
      break;
    }
    default:
      twins.add(randomCondition(random));
  }
  while (twins.held.size > mostHeld) twins.remove(randomHeld(random, twins));
}

test(`a match set answers ${pairs} times what evaluating every condition would`, () => {
  const random = randomOf(seed);
  let twins = new Twins();
  let matches = 0;
  for (let pair = 0; pair < pairs; pair++) {
    if (random(500) === 0) twins = new Twins();
    change(random, twins, 12);
    const event = randomEvent(random);
    const difference = twins.difference(event);
    if (difference !== '') throw new Error(`MATCHING_SEED=${seed}, pair ${pair}: ${difference}`);
    matches += twins.set.size;
  }
  expect(matches).toBeGreaterThan(pairs);
  for (const id of [...twins.held.keys()]) twins.remove(id);
  expect(twins.set.isIndexEmpty).toBe(true);
}, 120_000);

test('a set of thousands of few shapes answers the same, while it grows and shrinks', () => {
  const random = randomOf(seed);
  const shapes: readonly ((n: number) => string)[] = [
    (n) => `async.data.n == ${n}`,
    (n) => `async.data.n > ${n} && async.data.n <= ${n + random(9)}`,
    (n) => `async.data.n < ${n}`,
    (n) => `async.data.n >= ${n}.5`,
    (n) => `async.data.s > "${n}"`,
    (n) => `"${n}" >= async.data.s`,
    (n) => `async.data.s == "${n}" && async.data.n == ${random(9)}`,
    (n) => `"${n}" in async.data.l || async.data.s == "${n}"`,
  ];
  const twins = new Twins();
  const ids: number[] = [];
  for (let i = 0; i < 4_000; i++) {
    const shape = shapes[random(shapes.length)];
    if (shape) twins.add(shape(random(1_500)), i);
    ids.push(i);
  }
  const eventOf = () => {
    const [n, s] = [random(1_600) - 50, `${random(1_500)}`];
    const data = [{ n, s, l: [s, '7'] }, { n: n + 0.5, s: null }, { n: null }, {}][random(4)];
    return { data };
  };
  while (twins.held.size > 0) {
    expect(twins.difference(eventOf())).toBe('');
    for (let i = 0; i < 40; i++) {
      const [id = -1] = ids.splice(random(ids.length), 1);
      if (id !== -1) twins.remove(id);
    }
  }
  expect(twins.set.isIndexEmpty).toBe(true);
});
