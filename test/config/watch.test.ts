import { afterEach, beforeEach, expect, test } from 'bun:test';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DocumentWatch, quietMs, quietMsMax } from '../../src/config/watch.ts';
import type { Timer } from '../../src/lib/clock.ts';
import { createLogger } from '../../src/lib/logger.ts';
import { eventually } from '../eventually.ts';
import { FakeClock } from '../fake_clock.ts';

let folder = '';
/** Tells when its last timer is due. */
class TellingClock extends FakeClock {
  dueMs = 0;

  override at(atMs: number, fire: () => void): Timer {
    this.dueMs = atMs;
    return super.at(atMs, fire);
  }
}

let clock = new TellingClock();
let changes = 0;
let log = '';
let watch: DocumentWatch | null = null;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'inngest-watch-'));
  clock = new TellingClock();
  changes = 0;
  log = '';
});

afterEach(() => {
  watch?.close();
  rmSync(folder, { recursive: true, force: true });
});

function place(name: string): string {
  return join(folder, name);
}

function start(...names: readonly string[]): DocumentWatch {
  watch = new DocumentWatch(names.map(place), {
    clock,
    log: createLogger({
      level: 'debug',
      format: 'json',
      clock,
      write: (line) => {
        log += line;
      },
    }),
    onChange: () => {
      changes += 1;
    },
  });
  watch.refresh();
  return watch;
}

/** Resolves when the change has been told of. */
async function told(count: number): Promise<void> {
  await eventually(
    () => {
      clock.advance(quietMs);
      return changes >= count;
    },
    { what: `change ${count}` },
  );
}

test('a file that is written, replaced, removed or made anew has changed', async () => {
  const file = place('a.cue');
  start('a.cue');
  const steps = [
    () => writeFileSync(file, '1'),
    () => appendFileSync(file, '2'),
    () => {
      writeFileSync(place('a.cue.new'), '3');
      renameSync(place('a.cue.new'), file);
    },
    () => rmSync(file),
    () => writeFileSync(file, '4'),
  ];
  for (const [index, step] of steps.entries()) {
    step();
    await told(index + 1);
  }
});

test('a change is told when the file has been quiet, or has not been for long', async () => {
  start('a.cue');
  const startMs = clock.now();
  while (changes === 0 && clock.now() < startMs + 2 * quietMsMax) {
    const dueMs = Math.min(clock.now() + quietMs, startMs + quietMsMax);
    appendFileSync(place('a.cue'), 'more');
    await eventually(() => clock.dueMs === dueMs);
    clock.advance(quietMs - 1);
  }
  expect(changes).toBe(1);
  expect(clock.now() - startMs).toBeWithin(quietMsMax, quietMsMax + quietMs);
});

test('other files in the folder do not matter', async () => {
  start('a.cue', 'inngest');
  const otherClock = new FakeClock();
  const other = new DocumentWatch([place('z.cue')], {
    clock: otherClock,
    log: createLogger({ level: 'error', format: 'json' }),
    onChange: () => undefined,
  });
  other.refresh();
  for (const name of ['b.cue', 'a.cue~', '.a.cue.swp', 'inngest.cue', 'z.cue']) {
    writeFileSync(place(name), '1');
  }
  await eventually(() => otherClock.pending > 0);
  other.close();
  expect(clock.pending).toBe(0);
});

test('hidden files and other kinds in a folder of documents do not matter', async () => {
  mkdirSync(place('inngest'));
  start('inngest');
  for (const name of ['notes.txt', '.x.cue', 'x.cue~'])
    writeFileSync(place(`inngest/${name}`), '1');
  writeFileSync(place('inngest/a.cue'), '1');
  await told(1);
});

test('a folder of documents that appears is watched after the next look', async () => {
  const watching = start('inngest');
  mkdirSync(place('inngest'));
  await told(1);
  watching.refresh();
  writeFileSync(place('inngest/a.json'), '1');
  await told(2);
});

test('the file that a link leads to is watched where it is', async () => {
  mkdirSync(place('real'));
  writeFileSync(place('real/b.cue'), '1');
  symlinkSync(place('real/b.cue'), place('a.cue'));
  start('a.cue');
  appendFileSync(place('real/b.cue'), '2');
  await told(1);
});

test('nothing is told after the end', async () => {
  const watching = start('a.cue');
  writeFileSync(place('a.cue'), '1');
  await eventually(() => clock.pending === 1);
  watching.close();
  clock.advance(quietMsMax);
  expect(changes).toBe(0);
  expect(log).toBe('');
});

test('folders that do not exist are no trouble', () => {
  start('none/a.cue', 'none');
  expect(log).toBe('');
});

test('a folder that goes and comes back is watched again', async () => {
  mkdirSync(place('sub'));
  writeFileSync(place('sub/a.cue'), '1');
  const watching = start('sub/a.cue');
  rmSync(place('sub'), { recursive: true });
  await told(1);
  watching.refresh();
  mkdirSync(place('sub'));
  await told(2);
  watching.refresh();
  writeFileSync(place('sub/a.cue'), '2');
  await told(3);
});

test('another folder in the place of one is watched, though nobody has looked in between', async () => {
  mkdirSync(place('sub'));
  const watching = start('sub/a.cue');
  rmSync(place('sub'), { recursive: true });
  mkdirSync(place('sub'));
  await told(1);
  watching.refresh();
  writeFileSync(place('sub/a.cue'), '2');
  await told(2);
});

test('folders on the way may appear one by one', async () => {
  const watching = start('x/y/a.cue');
  for (const [index, name] of ['x', 'x/y', 'x/y/z'].entries()) {
    if (index < 2) mkdirSync(place(name));
    else writeFileSync(place('x/y/a.cue'), '1');
    await told(index + 1);
    watching.refresh();
  }
});

const isLinux = process.platform === 'linux';
const moving = `a folder on the way may be moved${isLinux ? '' : ' (skipped: only Linux tells of it)'}`;
test.skipIf(!isLinux)(moving, async () => {
  mkdirSync(place('x/y'), { recursive: true });
  writeFileSync(place('x/y/a.cue'), '1');
  const watching = start('x/y/a.cue');
  renameSync(place('x'), place('old'));
  await told(1);
  watching.refresh();
  renameSync(place('old'), place('x'));
  await told(2);
  watching.refresh();
  appendFileSync(place('x/y/a.cue'), '2');
  await told(3);
});

/** In one step, as deployments do it. */
function link(target: string, name: string): void {
  symlinkSync(target, place(`${name}~`));
  renameSync(place(`${name}~`), place(name));
}

test('a link to a folder may be exchanged', async () => {
  for (const release of ['r1', 'r2']) {
    mkdirSync(place(release));
    writeFileSync(place(`${release}/a.cue`), release);
  }
  link('r1', 'current');
  const watching = start('current/a.cue');
  link('r2', 'current');
  await told(1);
  watching.refresh();
  appendFileSync(place('r2/a.cue'), '2');
  await told(2);
});

test.each([
  ['a file', 'k/a.cue'],
  ['a folder of documents', 'k'],
])('links behind links may be exchanged: %s, as Kubernetes mounts it', async (_, watched) => {
  for (const release of ['k/..1', 'k/..2']) {
    mkdirSync(place(release), { recursive: true });
    writeFileSync(place(`${release}/a.cue`), release);
  }
  link('..1', 'k/..data');
  link('..data/a.cue', 'k/a.cue');
  const watching = start(watched);
  link('..2', 'k/..data');
  await told(1);
  watching.refresh();
  appendFileSync(place('k/..2/a.cue'), '2');
  await told(2);
});

test('links that lead back to themselves or nowhere are no trouble', async () => {
  link('b.cue', 'a.cue');
  link('a.cue', 'b.cue');
  link('none/c.cue', 'd.cue');
  const watching = start('a.cue', 'd.cue');
  mkdirSync(place('none'));
  await told(1);
  watching.refresh();
  writeFileSync(place('none/c.cue'), '1');
  await told(2);
  expect(log).toBe('');
});
