/**
 * `bun run spec:coverage`: which requirements have a test. Reads the names of the tests, not their results; exits
 * with 1 when a requirement has neither a test nor another place, or a test names an id that does not exist.
 */
import { Glob } from 'bun';
import { requirements } from './requirements.ts';

const idPattern = /\bSDK-\d+(?:\.[0-9D]+)*[a-z]?\d?/g;
const testNamePattern = /\btest(?:\.concurrent)?\(\s*(['"`])((?:SDK-)[^\n]*?)\1,/g;

const testsById = new Map<string, string[]>();
for await (const file of new Glob('*.test.ts').scan(import.meta.dir)) {
  const source = await Bun.file(`${import.meta.dir}/${file}`).text();
  for (const [, , name = ''] of source.matchAll(testNamePattern)) {
    for (const [id] of name.matchAll(idPattern)) {
      testsById.set(id, [...(testsById.get(id) ?? []), file]);
    }
  }
}

const known = new Set(requirements.map(({ id }) => id));
const covered = requirements.filter(({ id }) => testsById.has(id));
const elsewhere = requirements.filter(({ id, elsewhere }) => !testsById.has(id) && elsewhere);
const missing = requirements.filter(({ id, elsewhere }) => !testsById.has(id) && !elsewhere);
const unknown = [...testsById.keys()].filter((id) => !known.has(id));

for (const { id, text } of covered) {
  console.log(
    `covered    ${id.padEnd(12)} ${text} (${[...new Set(testsById.get(id))].join(', ')})`,
  );
}
for (const { id, text, elsewhere: reason } of elsewhere) {
  console.log(`elsewhere  ${id.padEnd(12)} ${text}: ${reason}`);
}
for (const { id, text } of missing) console.log(`MISSING    ${id.padEnd(12)} ${text}`);
for (const id of unknown) {
  console.log(`UNKNOWN    ${id.padEnd(12)} named in ${testsById.get(id)?.join(', ')}`);
}
console.log(
  `${covered.length} covered, ${elsewhere.length} elsewhere, ${missing.length} missing, ${unknown.length} unknown`,
);
process.exit(missing.length + unknown.length > 0 ? 1 : 0);
