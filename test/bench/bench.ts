/**
 * `bun test/bench/bench.ts [--row NAME]… [--rounds N] [--json FILE]`: measures the compiled server, with the app
 * and the load each in their own process. Progress on stderr, the table on stdout.
 */
import { availableParallelism, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { ceilingRow } from './ceiling.ts';
import { documentRows } from './document_rows.ts';
import { engineRows } from './engine_rows.ts';
import { median } from './figures.ts';
import { historyRows } from './history_rows.ts';
import { matchRows } from './match_rows.ts';
import { type Outcome, type Row, rows as serverRows } from './rows.ts';

const rows = [
  ...serverRows,
  ceilingRow,
  ...engineRows,
  ...historyRows,
  ...matchRows,
  ...documentRows,
];
const roundsDefault = 5;

interface Result {
  readonly row: Row;
  readonly outcome: Outcome | null;
  readonly error?: string;
}

function isReached({ target }: Row, figure: number): boolean | null {
  if (!target) return null;
  return target.better === 'lower' ? figure <= target.value : figure >= target.value;
}

function written(figure: number): string {
  if (figure >= 1_000) return Math.round(figure).toLocaleString('en-US').replaceAll(',', ' ');
  return figure.toFixed(figure < 10 ? 2 : figure < 100 ? 1 : 0);
}

async function measured(row: Row, rounds: number): Promise<Result> {
  console.error(`${row.name}: ${row.title}`);
  try {
    const outcome = await row.measure(rounds, (text) => console.error(`  ${text}`));
    return { row, outcome };
  } catch (error) {
    console.error(`  failed: ${error instanceof Error ? error.message : error}`);
    return { row, outcome: null, error: String(error) };
  }
}

function tableLine({ row, outcome, error }: Result): string[] {
  const { target } = row;
  const wanted = target ? `${target.better === 'lower' ? '≤' : '≥'} ${written(target.value)}` : '–';
  if (!outcome) return [row.title, 'failed', row.unit, wanted, 'no', error?.split('\n')[0] ?? ''];
  const figure = median(outcome.rounds);
  const reached = isReached(row, figure);
  const exact =
    outcome.miscounted.length === 0 ? '' : `NOT EXACT: ${outcome.miscounted.join('; ')}. `;
  return [
    row.title,
    written(figure),
    row.unit,
    wanted,
    reached === null ? '' : reached ? 'yes' : 'no',
    exact + (outcome.note ?? ''),
  ];
}

function printTable(results: readonly Result[]): void {
  const lines = [['row', 'median', 'unit', 'wanted', 'reached', 'note'], ...results.map(tableLine)];
  const widths = [0, 1, 2, 3, 4].map((column) =>
    Math.max(...lines.map((cells) => (cells[column] ?? '').length)),
  );
  for (const cells of lines) {
    console.log(
      cells
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    );
  }
}

const { values } = parseArgs({
  options: {
    row: { type: 'string', multiple: true },
    rounds: { type: 'string', default: String(roundsDefault) },
    json: { type: 'string' },
    list: { type: 'boolean', default: false },
  },
});

if (values.list) {
  for (const { name, title } of rows) console.log(`${name.padEnd(18)} ${title}`);
  process.exit(0);
}
const wanted = values.row ?? rows.map(({ name }) => name);
const unknown = wanted.filter((name) => !rows.some((row) => row.name === name));
const rounds = Number(values.rounds);
if (unknown.length > 0 || !Number.isInteger(rounds) || rounds < 1) {
  console.error(
    unknown.length > 0
      ? `no row is named ${unknown.join(', ')}; --list shows the names`
      : `--rounds takes a whole number from 1, not ${values.rounds}`,
  );
  process.exit(2);
}

/** Figures of a busy machine say little: what else was running is part of the result. */
const loadBefore = loadavg()[0] ?? 0;
const cores = availableParallelism();
console.error(`load average ${loadBefore.toFixed(2)} on ${cores} cores before the first row`);
const results: Result[] = [];
for (const row of rows) if (wanted.includes(row.name)) results.push(await measured(row, rounds));
printTable(results);
if (values.json) {
  const measuredRows = results.map(({ row, outcome, error }) => ({
    row: row.name,
    title: row.title,
    unit: row.unit,
    target: row.target ?? null,
    median: outcome ? median(outcome.rounds) : null,
    reached: outcome ? isReached(row, median(outcome.rounds)) : false,
    rounds: outcome?.rounds ?? [],
    miscounted: outcome?.miscounted ?? [],
    note: outcome?.note ?? null,
    error: error ?? null,
  }));
  const document = { cores, loadBefore, bun: Bun.version, rows: measuredRows };
  await Bun.write(values.json, `${JSON.stringify(document, null, 2)}\n`);
}
const isExact = results.every(({ outcome }) => outcome !== null && outcome.miscounted.length === 0);
process.exit(isExact ? 0 : 1);
