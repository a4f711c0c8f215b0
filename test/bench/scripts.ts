/**
 * `bun test/bench/scripts.ts [ROUNDS]`: calls a second of every script on each engine, as a table on stdout; those that
 * are slowest in comparison with Redis come first.
 */
import { availableParallelism, loadavg } from 'node:os';
import { measureScripts, scriptTable } from './script_rates.ts';

const roundsDefault = 5;
const rounds = Number(process.argv[2] ?? roundsDefault);
if (!Number.isInteger(rounds) || rounds < 1) {
  console.error(`the number of rounds is a whole number from 1, not ${process.argv[2]}`);
  process.exit(2);
}
const load = (loadavg()[0] ?? 0).toFixed(2);
console.error(`load average ${load} on ${availableParallelism()} cores before the first round`);
const measured = await measureScripts(rounds, (text) => console.error(text));
for (const line of scriptTable(measured)) console.log(line);
