import { expect, test } from 'bun:test';
import { createHmac } from 'node:crypto';
import { runTokens } from '../../src/api/run_token.ts';
import { manualClock } from './manual_clock.ts';

const runId = '01JV8W3R9V2Y7M6S6S3F2K4N5P';
const signingKey = `signkey-prod-${'ab'.repeat(32)}`;

function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
}

test('an output token opens its own run and no other', () => {
  const tokens = runTokens(signingKey, manualClock());
  const token = tokens.output(runId);
  expect(tokens.isOutputToken(token, runId)).toBe(true);
  expect(tokens.isOutputToken(token, '01JV8W3R9V2Y7M6S6S3F2K4N5Q')).toBe(false);
});

test('an output token ends after an hour', () => {
  const clock = manualClock();
  const tokens = runTokens(signingKey, clock);
  const token = tokens.output(runId);
  clock.advance(3_599_000);
  expect(tokens.isOutputToken(token, runId)).toBe(true);
  clock.advance(1_000);
  expect(tokens.isOutputToken(token, runId)).toBe(false);
});

test('servers that share a signing key read each other’s tokens, whatever its prefix', () => {
  const token = runTokens(signingKey, manualClock()).output(runId);
  expect(runTokens('ab'.repeat(32), manualClock()).isOutputToken(token, runId)).toBe(true);
  expect(runTokens('cd'.repeat(32), manualClock()).isOutputToken(token, runId)).toBe(false);
  expect(runTokens(null, manualClock()).isOutputToken(token, runId)).toBe(false);
});

test('without a signing key the secret belongs to the process', () => {
  const token = runTokens(null, manualClock()).output(runId);
  expect(runTokens(null, manualClock()).isOutputToken(token, runId)).toBe(false);
});

test('a realtime token lets its holder listen to the stream of one run for 960 seconds', () => {
  const tokens = runTokens(signingKey, manualClock(1_700_000_000_000));
  const token = tokens.realtime(runId);
  expect(claimsOf(token)).toMatchObject({
    iss: 'rt.inngest.com',
    sub: '00000000-0000-4000-a000-000000000000',
    iat: 1_700_000_000,
    exp: 1_700_000_960,
    topics: [{ kind: 'run', channel: runId, name: '$stream' }],
    publish: false,
  });
  expect(tokens.isOutputToken(token, runId)).toBe(false);
});

test('forged, altered and unsigned tokens are refused', () => {
  const tokens = runTokens(signingKey, manualClock());
  const good = tokens.output(runId);
  const [head, claims, signature] = good.split('.');
  const none = Buffer.from('{"alg":"none"}').toString('base64url');
  const wellKnown = createHmac('sha256', 'dev-mode-is-not-secret')
    .update(`${head}.${claims}`)
    .digest('base64url');
  const forgeries = [
    '',
    '.',
    '..',
    'a.b.c',
    `${head}.${claims}`,
    `${head}.${claims}.`,
    `${none}.${claims}.`,
    `${none}.${claims}.${signature}`,
    `${head}.${claims}.${wellKnown}`,
    `${head}.${Buffer.from('{}').toString('base64url')}.${signature}`,
    `${good}.more`,
    'x'.repeat(100_000),
  ];
  for (const forgery of forgeries) expect(tokens.isOutputToken(forgery, runId)).toBe(false);
});
