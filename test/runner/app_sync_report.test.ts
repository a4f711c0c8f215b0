/** What the log says of apps that do not answer. */
import { expect, test } from 'bun:test';
import type { AppSyncOutcome } from '../../src/runner/app_sync.ts';
import { reportingSync } from '../../src/runner/app_sync_report.ts';

const failed = (error: string): AppSyncOutcome => ({ kind: 'failed', error, detail: 'why' });
const synced: AppSyncOutcome = { kind: 'synced' };

test('an app that fails is reported once per error, and once when it answers again', async () => {
  const lines: string[] = [];
  const answers = [
    failed('unreachable'),
    failed('unreachable'),
    failed('unauthorized'),
    synced,
    synced,
  ];
  const sync = reportingSync(async () => answers.shift() ?? synced, {
    info: (_message, fields) => lines.push(`info ${fields?.app}`),
    warn: (_message, fields) => lines.push(`warn ${fields?.code}`),
  });
  for (let i = 0; i < 5; i += 1) await sync('http://a');
  expect(lines).toEqual(['warn unreachable', 'warn unauthorized', 'info http://a']);
});

test('an app that always answers is not mentioned', async () => {
  const lines: string[] = [];
  const sync = reportingSync(async () => synced, {
    info: () => lines.push('info'),
    warn: () => lines.push('warn'),
  });
  expect(await sync('http://a')).toEqual(synced);
  expect(lines).toEqual([]);
});
