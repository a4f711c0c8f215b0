/** What is said once databases are in a directory. */
import { expect, test } from 'bun:test';
import { installedText } from '../../src/cli/installed_text.ts';

test('nothing is said where nothing was before and the files are whose they should be', () => {
  expect(installedText({ replaced: null, ownerAdvice: null })).toBe('');
});

test('the folder of the old databases and what their owner needs are lines of their own', () => {
  expect(installedText({ replaced: '/data/replaced-1', ownerAdvice: 'Run chown.' })).toBe(
    'What was there before is in /data/replaced-1.\nRun chown.\n',
  );
});
