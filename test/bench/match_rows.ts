/** Rows about waiting conditions: how long one event takes to find those that it fulfils. */
import { median } from './figures.ts';
import { conditionsHeld, type MatchFigures } from './match_load.ts';
import type { Row } from './rows.ts';

const load = new URL('./match_load.ts', import.meta.url).pathname;

async function figuresOf(shape: string, rounds: number): Promise<MatchFigures> {
  const child = Bun.spawn([process.execPath, load, shape, String(rounds)], { stderr: 'inherit' });
  const written = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error(`measuring the shape ${shape} failed`);
  // Written by match_load.ts.
  return JSON.parse(written) as MatchFigures;
}

function noteOf(figures: MatchFigures): string {
  const { p99Ms, naiveMs, naiveTextMs, bytesEach, addUs, removeUs, medianMs } = figures;
  const times = naiveMs / median(medianMs);
  return [
    `p99 ${median(p99Ms).toFixed(3)} ms`,
    `all evaluated ${naiveMs.toFixed(0)} ms (${times.toFixed(times < 10 ? 1 : 0)} times), by text ${naiveTextMs.toFixed(0)} ms`,
    `${bytesEach.toFixed(0)} bytes each`,
    `add ${addUs.toFixed(1)} µs, remove ${removeUs.toFixed(1)} µs`,
  ].join('; ');
}

function matching(shape: string): Row['measure'] {
  return async (rounds, progress) => {
    const figures = await figuresOf(shape, rounds);
    const note = noteOf(figures);
    progress(note);
    const miscounted = figures.different > 0 ? ['not what evaluating all of them gives'] : [];
    return { rounds: figures.medianMs, miscounted, note };
  };
}

const held = `${conditionsHeld / 1_000} 000 waiting`;
const target = { value: 2, better: 'lower' } as const;

export const matchRows: readonly Row[] = [
  {
    name: 'match-one',
    title: `one event, ${held}: one ==`,
    unit: 'ms',
    target,
    measure: matching('one'),
  },
  {
    name: 'match-two',
    title: `one event, ${held}: two ==, one common`,
    unit: 'ms',
    target,
    measure: matching('two'),
  },
  {
    name: 'match-range',
    title: `one event, ${held}: a range`,
    unit: 'ms',
    target,
    measure: matching('range'),
  },
  {
    name: 'match-mixed',
    title: `one event, ${held}: a tenth not indexable`,
    unit: 'ms',
    measure: matching('mixed'),
  },
  {
    name: 'match-slow',
    title: `one event, ${held}: none indexable`,
    unit: 'ms',
    measure: matching('slow'),
  },
];
