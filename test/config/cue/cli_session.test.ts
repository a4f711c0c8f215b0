/** The thread of the CUE command line: what it answers, and how it is ended. */
import { afterEach, describe, expect, test } from 'bun:test';
import { CliError, CliSession } from '../../../src/config/cue/cli_session.ts';
import { explainDocuments } from '../../../src/config/cue/explain.ts';
import { limits, prepared } from './explain_fixture.ts';

const mebibyte = 1024 * 1024;
const runaway = `let n = [for i in [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16] {i}]
x: [for a in n for b in n for c in n for d in n for e in n for f in n {a + b + c + d + e + f}]
`;
const bomb = 'import "strings"\nx: strings.Repeat(strings.Repeat("0123456789", 10000), 10000)\n';

const sessions: CliSession[] = [];
afterEach(() => {
  for (const session of sessions.splice(0)) session.close();
});

function open(...parameters: ConstructorParameters<typeof CliSession>): CliSession {
  const session = new CliSession(...parameters);
  sessions.push(session);
  return session;
}

function exporting(text: string) {
  return { files: new Map([['a.cue', text]]), argv: ['export', 'a.cue'] };
}

async function failureOf(run: Promise<unknown>): Promise<unknown> {
  try {
    await run;
  } catch (error) {
    return error instanceof CliError ? error.failure : error;
  }
  return null;
}

describe('the command line', () => {
  test('sees the files of a run only, and says what it would on a disk', async () => {
    const session = open(limits);
    const first = await session.run(exporting('a: 1 + 1\n'));
    expect(first).toMatchObject({ code: 0, stdout: '{\n    "a": 2\n}\n', stderr: '' });
    const second = await session.run({ files: new Map(), argv: ['export', 'a.cue'] });
    expect(second.code).toBe(1);
    expect(second.stderr).not.toBe('');
    const real = await session.run({ files: new Map(), argv: ['export', '/etc/hostname'] });
    expect(real.stdout).toBe('');
  }, 60_000);

  test('that wants too much memory is ended, and the next run starts anew', async () => {
    const session = open({ wallMs: 60_000, memoryBytes: 128 * mebibyte });
    expect(await failureOf(session.run(exporting(bomb)))).toBe('memory');
    expect(await session.run(exporting('a: 1\n'))).toMatchObject({ code: 0 });
  }, 60_000);

  test('that does not end is ended, and the main thread goes on meanwhile', async () => {
    const session = open({ wallMs: 400, memoryBytes: 4_096 * mebibyte });
    let turns = 0;
    const timer = setInterval(() => turns++, 5);
    const failure = await failureOf(session.run(exporting(runaway)));
    clearInterval(timer);
    expect(failure).toBe('time');
    expect(turns).toBeGreaterThan(10);
  }, 60_000);

  test('ends when nobody waits for it any longer', async () => {
    const aborter = new AbortController();
    const session = open({ ...limits, memoryBytes: 4_096 * mebibyte }, aborter.signal);
    // From here on the thread is there and begins at once.
    await session.run(exporting('a: 1'));
    const running = failureOf(session.run(exporting(runaway)));
    const reason = new Error('shutting down');
    aborter.abort(reason);
    expect(await running).toBe(reason);
    expect(await failureOf(session.run(exporting('a: 1')))).toBe(reason);
  }, 60_000);
});

test('a document that takes too much has that as its error, and the others have theirs', async () => {
  const answers = await explainDocuments(
    [prepared(`package main\n${bomb}`), prepared('package main\nx: 1 & 2\n')],
    { wallMs: 60_000, memoryBytes: 128 * mebibyte },
  );
  expect(answers.map((errors) => errors.map(({ path, message }) => [path, message]))).toEqual([
    [
      [
        '',
        'evaluating it takes more than 128 MiB of memory: look for long comprehensions and values that grow',
      ],
    ],
    [['x', 'conflicting values 2 and 1']],
  ]);
}, 60_000);

test('when many documents take much time, the last ones are left unexplained', async () => {
  const documents = Array.from({ length: 50 }, () => prepared('package main\nx: 1 & 2\n'));
  const answers = await explainDocuments(documents, { ...limits, wallMs: 500 });
  expect(answers.length).toBeGreaterThan(0);
  expect(answers.length).toBeLessThan(documents.length);
}, 60_000);

test('a document that is nested too deeply is refused as such', async () => {
  const [errors = []] = await explainDocuments([prepared(`x: ${'('.repeat(20_000)}`)], limits);
  expect(errors.map(({ message }) => message)).toEqual([
    'it is nested too deeply: move parts of it into fields of their own',
  ]);
}, 60_000);
