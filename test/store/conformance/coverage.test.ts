/** No script and no documented code is missing from the conformance suite. */
import { describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { repetitions } from './repetitions.ts';
import { scriptAnswers } from './script_answers.ts';

const lua = resolve(import.meta.dir, '../../../lua');
const scripts = readdirSync(lua)
  .filter((file) => file.endsWith('.lua'))
  .map((file) => file.slice(0, -'.lua'.length))
  .sort();

/** What the head of a script says after `Returns`. */
function documentedReply(script: string): string {
  const lines = readFileSync(join(lua, `${script}.lua`), 'utf8').split('\n');
  const end = lines.findIndex((line) => !line.startsWith('--') || line.startsWith('-- include:'));
  const head = lines.slice(0, end).map((line) => line.replace(/^--\s*/, ''));
  const from = head.findIndex((line) => line.startsWith('Returns'));
  if (from < 0) throw new Error(`the head of ${script}.lua does not say what the script returns`);
  return head.slice(from).join('\n');
}

/** Numbers that stand alone: codes. */
function numbersIn(text: string): string[] {
  const found = text.match(/(?<![\w-]|\d\.)-?\d+(?!\w|\.\d)/g) ?? [];
  return [...new Set(found)].sort();
}

test('every script of lua/ is known to the suite, and no other', () => {
  expect(Object.keys(scriptAnswers).sort()).toEqual(scripts);
  expect(Object.keys(repetitions).sort()).toEqual(scripts);
});

describe.each(scripts)('%s', (script) => {
  test('has the codes that its head documents', () => {
    const known = scriptAnswers[script]?.answers ?? [];
    expect(numbersIn(known.join('\n'))).toEqual(numbersIn(documentedReply(script)));
  });

  test('belongs to a part of the suite, which fails when one of them does not occur', () => {
    const suite = scriptAnswers[script]?.suite ?? '';
    const text = readFileSync(join(import.meta.dir, `${suite}.test.ts`), 'utf8');
    expect(text).toContain(`conformance('${suite}', (engine) => {`);
  });
});
