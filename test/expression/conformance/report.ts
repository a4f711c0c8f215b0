/**
 * Prints how much of the CEL specification's published cases holds, in strict evaluation and in that of functions:
 * `bun test/expression/conformance/report.ts`.
 */
import { type Case, coreFiles, excludedFiles, selectCases } from './cases.ts';
import { errsEarlier, left } from './left.ts';
import { leniencies } from './leniency.ts';
import { complaintsOf, leniently, strictly } from './verdict.ts';

function print(line = ''): void {
  process.stdout.write(`${line}\n`);
}

function ratio(passed: number, all: number): string {
  return `${passed}/${all}${all === 0 ? '' : ` (${((100 * passed) / all).toFixed(2)} %)`}`;
}

type Complaints = ReadonlyMap<string, string>;

/** One line a section: strict evaluation, then that of functions. */
function printSections(cases: readonly Case[], both: readonly [Complaints, Complaints]): void {
  const row = (name: string, members: readonly Case[]): void => {
    const held = both.map((failed) =>
      ratio(members.filter(({ id }) => !failed.has(id)).length, members.length).padEnd(22),
    );
    print(`  ${name.padEnd(44)} ${held.join(' ').trimEnd()}`);
  };
  for (const [section, members] of Map.groupBy(cases, (of) => `${of.file}/${of.section}`)) {
    row(section, members);
  }
  row('total', cases);
  for (const kind of ['value', 'error'] as const) {
    row(
      `of those that want ${kind === 'value' ? 'a value' : 'an error'}`,
      cases.filter(({ expected }) => expected.kind === kind),
    );
  }
}

const { cases, withMessages } = selectCases(coreFiles);
const strict = complaintsOf(cases, strictly);
const lenient = complaintsOf(cases, leniently);
print(`Core cases${' '.repeat(37)}strictly               as in functions`);
printSections(cases, [strict, lenient]);

print();
print(`Left in strict evaluation (${strict.size})`);
for (const [id, complaint] of strict) {
  print(`  ${id}: ${complaint}`);
  print(`    ${left.get(id) ?? 'no reason is known'}`);
}
print(
  `${errsEarlier.size} cases hold because an operand errs already: ${[...errsEarlier].join(', ')}`,
);

print();
print(`Different in functions (${lenient.size})`);
for (const { rule, isDemanded, ids } of leniencies) {
  print(`  ${String(ids.length).padStart(3)} ${isDemanded ? '' : '(our choice) '}${rule}`);
}
const demanded = leniencies.filter(({ isDemanded }) => isDemanded).flatMap(({ ids }) => ids).length;
const comparable = cases.length - demanded;
print(
  `  Of the cases that contradict no rule of §24: ${ratio(cases.length - lenient.size, comparable)}`,
);

print();
print(`Not run: ${withMessages.length} cases of the core files, which need protobuf messages`);
for (const [file, why] of excludedFiles) print(`  ${file.padEnd(20)} ${why}`);
