import { expect, test } from 'bun:test';
import { Progress } from '../../src/cli/progress.ts';
import { FakeClock } from '../fake_clock.ts';

function make(isTerminal: boolean) {
  const clock = new FakeClock();
  const written: string[] = [];
  const progress = new Progress({ clock, isTerminal, write: (text) => written.push(text) });
  return { clock, written, progress };
}

test('what is done in a moment shows no progress', () => {
  const { progress, written } = make(true);
  progress.report(() => 'half');
  progress.end();
  expect(written).toEqual([]);
});

test('a terminal has one line that changes and is gone in the end', () => {
  const { clock, progress, written } = make(true);
  for (const text of ['one', 'two']) {
    clock.advance(100);
    progress.report(() => text);
    progress.report(() => 'too soon');
  }
  progress.end();
  expect(written).toEqual(['\r\x1b[Kone', '\r\x1b[Ktwo', '\r\x1b[K']);
});

test('elsewhere there is a line every few seconds', () => {
  const { clock, progress, written } = make(false);
  for (let second = 1; second <= 11; second += 1) {
    clock.advance(1_000);
    progress.report(() => `second ${second}`);
  }
  progress.end();
  expect(written).toEqual(['second 5\n', 'second 10\n']);
});
