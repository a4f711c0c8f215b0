/**
 * Prints how much of the CEL specification's published cases holds: `bun test/expression/conformance/report.ts`.
 */
import { type Case, coreFiles, excludedFiles, selectCases } from './cases.ts';
import { left } from './left.ts';
import { complaintOf } from './verdict.ts';

function print(line = ''): void {
  process.stdout.write(`${line}\n`);
}

function ratio(passed: number, all: number): string {
  return `${passed}/${all}${all === 0 ? '' : ` (${((100 * passed) / all).toFixed(2)} %)`}`;
}

/** Prints one line a section and gives the cases that fail. */
function printSections(cases: readonly Case[]): ReadonlyMap<string, string> {
  const failed = new Map<string, string>();
  const sections = Map.groupBy(cases, ({ file, section }) => `${file}/${section}`);
  for (const [section, members] of sections) {
    let passed = 0;
    for (const member of members) {
      const complaint = complaintOf(member);
      if (complaint === null) passed++;
      else failed.set(member.id, complaint);
    }
    print(`  ${section.padEnd(44)} ${ratio(passed, members.length)}`);
  }
  return failed;
}

const core = selectCases(coreFiles);
print('Core cases');
const failed = printSections(core.cases);
print(`  ${'total'.padEnd(44)} ${ratio(core.cases.length - failed.size, core.cases.length)}`);
print();
print(`Left (${failed.size})`);
for (const [id, complaint] of failed) {
  print(`  ${id}: ${complaint}`);
  print(`    ${left.get(id) ?? 'no reason is known'}`);
}
print();
print(`Not run: ${core.withMessages.length} cases of the core files, which need protobuf messages`);
for (const [file, why] of excludedFiles) print(`  ${file.padEnd(20)} ${why}`);
