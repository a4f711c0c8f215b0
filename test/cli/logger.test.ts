import { describe, expect, test } from 'bun:test';
import { createLogger, hasColors, type LoggerOptions } from '../../src/lib/logger.ts';

const clock = {
  now: () => Date.UTC(2026, 0, 2, 3, 4, 5, 6),
  at: () => ({ cancel: () => undefined }),
};

function logged(options: Partial<LoggerOptions> = {}) {
  const lines: string[] = [];
  const log = createLogger({
    level: 'info',
    format: 'json',
    clock,
    write: (line) => void lines.push(line),
    ...options,
  });
  return { log, lines };
}

describe('JSON lines', () => {
  test('carry time, level and message first, then the fields', () => {
    const { log, lines } = logged();
    log.info('run started', { runId: 'r1' });
    expect(lines).toEqual([
      '{"time":"2026-01-02T03:04:05.006Z","level":"info","msg":"run started","runId":"r1"}\n',
    ]);
  });

  test('cannot be disguised by a field', () => {
    const { log, lines } = logged();
    log.warn('true words', { msg: 'lies', level: 'info' });
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ msg: 'true words', level: 'warn' });
  });

  test('hold an error with its code and causes', () => {
    const { log, lines } = logged();
    const cause = Object.assign(new Error('disk full'), { code: 'ENOSPC' });
    log.error('not saved', { error: new TypeError('cannot write', { cause }) });
    expect(JSON.parse(lines[0] ?? '').error).toEqual({
      name: 'TypeError',
      message: 'cannot write',
      cause: { name: 'Error', message: 'disk full', code: 'ENOSPC' },
    });
  });

  test('survive values that JSON has no word for', () => {
    const { log, lines } = logged();
    const loop: Record<string, unknown> = { size: 10n };
    loop.self = loop;
    log.info('odd', { loop, when: new Date(Number.NaN) });
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      loop: { size: '10' },
      when: 'Invalid Date',
    });
  });
});

describe('text lines', () => {
  test('read like a sentence with its details', () => {
    const { log, lines } = logged({ format: 'text' });
    log.info('run started', { runId: 'r1', name: 'two words', count: 2, nothing: undefined });
    expect(lines).toEqual(['03:04:05.006 info  run started runId=r1 name="two words" count=2\n']);
  });

  test('are coloured by level only when asked', () => {
    const { log, lines } = logged({ format: 'text', hasColor: true });
    log.error('no');
    expect(lines[0]).toContain('\x1b[31merror\x1b[0m');
  });
});

test('lines below the level are not written', () => {
  const { log, lines } = logged({ level: 'warn' });
  log.debug('a');
  log.info('b');
  log.warn('c');
  expect(lines).toHaveLength(1);
});

test('a child adds its fields to every line', () => {
  const { log, lines } = logged();
  log.child({ app: 'shop' }).child({ runId: 'r1' }).info('x', { runId: 'r2' });
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ app: 'shop', runId: 'r2' });
});

test('secrets do not reach a line, wherever they stand', () => {
  const { log, lines } = logged();
  log.child({ signingKey: 'hidden-1' }).info('sent with Bearer hidden-2.x', {
    headers: { Authorization: 'hidden-3' },
    note: 'the key is signkey-prod-0hidden4',
    error: new Error('refused signkey-test-0hidden5'),
    tokens: ['hidden-6'],
  });
  expect(lines[0]).not.toContain('hidden');
  expect(lines[0]).toContain('[redacted]');
});

test('colours need a terminal and no NO_COLOR', () => {
  expect(hasColors({ isTTY: true }, {})).toBe(true);
  expect(hasColors({ isTTY: true }, { NO_COLOR: '1' })).toBe(false);
  expect(hasColors({ isTTY: true }, { TERM: 'dumb' })).toBe(false);
  expect(hasColors({}, {})).toBe(false);
});
