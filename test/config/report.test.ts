import { describe, expect, test } from 'bun:test';
import { problemLine, problemsText } from '../../src/config/report.ts';
import type { Problem, Source } from '../../src/config/source.ts';

const document: Source = {
  name: 'inngest.cue',
  text: 'function: {\n\tid: 7\n\tname: "Grüße 東京", conurrency: 1\n}\n',
};
const problem = (over: Partial<Problem> = {}): Problem => ({
  source: 'inngest.cue',
  path: 'function.id',
  position: { line: 2, column: 6 },
  message: 'must be a text',
  ...over,
});

describe('a problem', () => {
  test('is told with its place, its line and a caret below it', () => {
    expect(problemsText([problem()], { sources: [document] })).toBe(
      `inngest.cue:2:6: function.id: must be a text
    \tid: 7
    \t    ^
1 problem in 1 file
`,
    );
  });

  test('has its caret where the eye sees the column, also after wide characters', () => {
    const found = problem({ position: { line: 3, column: 20 }, path: 'function' });
    const [, line = '', caret = ''] = problemsText([found], { sources: [document] }).split('\n');
    const before = line.slice(0, line.indexOf('conurrency'));
    expect(caret.indexOf('^')).toBe(Bun.stringWidth(before.replace('\t', ' ')));
  });

  test('of unknown place names only its document', () => {
    expect(problemsText([problem({ position: null, path: '' })], { sources: [document] })).toBe(
      'inngest.cue: must be a text\n1 problem in 1 file\n',
    );
  });

  test('past the end of its document is told without a line', () => {
    const found = problem({ position: { line: 40, column: 1 } });
    expect(problemsText([found], { sources: [document] })).toBe(
      'inngest.cue:40:1: function.id: must be a text\n1 problem in 1 file\n',
    );
  });

  test('is followed by what could not be checked, once', () => {
    const text = problemsText([problem({ position: null })], { notes: ['more is to come'] });
    expect(text).toEndWith('1 problem in 1 file\nnote: more is to come\n');
  });

  test('keeps the further lines of its message apart from the next problem', () => {
    expect(problemsText([problem({ position: null, message: 'two ways:\nfirst\nsecond' })])).toBe(
      'inngest.cue: function.id: two ways:\n    first\n    second\n1 problem in 1 file\n',
    );
  });

  test('shows the document as written, not the secrets of the environment', () => {
    const source = { name: 'inngest.cue', written: 'key: "$KEY"', text: 'key: "hunter2"' };
    const text = problemsText([problem({ position: { line: 1, column: 6 } })], {
      sources: [source],
    });
    expect(text).toContain('$KEY');
    expect(text).not.toContain('hunter2');
  });

  test('in a very long line is shown with what stands around it', () => {
    const source = { name: 'inngest.cue', text: `${'x'.repeat(5_000)}HERE${'y'.repeat(5_000)}` };
    const found = problem({ position: { line: 1, column: 5_001 } });
    const [, line = '', caret = ''] = problemsText([found], { sources: [source] }).split('\n');
    expect(line.length).toBeLessThan(120);
    expect(line.slice(caret.indexOf('^'))).toStartWith('HERE');
  });

  test('cannot steer the terminal', () => {
    const source = { name: 'inngest.cue', text: 'id: "\x1b[2J"' };
    const found = problem({ position: { line: 1, column: 5 }, message: 'bad \x1b]0;x\x07' });
    const text = problemsText([found], { sources: [source] });
    expect(text).not.toContain('\x1b');
    expect(text).not.toContain('\x07');
  });

  test('is one line in a log', () => {
    expect(problemLine(problem({ message: 'two ways:\n  first\n  second' }))).toBe(
      'inngest.cue:2:6: function.id: two ways: first second',
    );
    expect(problemLine(problem({ position: null, path: '' }))).toBe('inngest.cue: must be a text');
  });
});

describe('a report', () => {
  test('counts problems and the files they are in', () => {
    const problems = [problem(), problem(), problem({ source: 'other.cue' })];
    expect(problemsText(problems)).toEndWith('\n3 problems in 2 files\n');
  });

  test('of nothing is empty', () => {
    expect(problemsText([])).toBe('');
  });

  test('has an end, however many problems there are', () => {
    const text = problemsText(Array.from({ length: 5_000 }, () => problem({ position: null })));
    expect(text.split('\n').length).toBeLessThan(110);
    expect(text).toEndWith('and 4900 more\n5000 problems in 1 file\n');
  });

  test('of warnings says so and counts nothing', () => {
    expect(problemsText([problem({ position: null })], { kind: 'warning' })).toBe(
      'inngest.cue: function.id: warning: must be a text\n',
    );
  });

  test('has colours only where they were asked for', () => {
    const sources = [document];
    expect(problemsText([problem()], { sources, hasColor: true })).toContain('\x1b[31m^\x1b[0m');
    expect(problemsText([problem()], { sources })).not.toContain('\x1b');
  });
});
