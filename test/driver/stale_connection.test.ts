import { describe, expect, test } from 'bun:test';
import type { Fetch, FetchInit } from '../../src/driver/exchange.ts';
import { withFreshRetry } from '../../src/driver/stale_connection.ts';
import { manualClock } from './manual_clock.ts';

const url = 'http://app.test/api';
const reset = Object.assign(new Error('reset'), { code: 'ECONNRESET' });

/** A fetch whose answers are scripted: true answers, a number is the delay in ms after which it is reset. */
function scripted(...answers: (true | number)[]) {
  const clock = manualClock();
  const sent: FetchInit[] = [];
  const fetch: Fetch = async (_url, init) => {
    sent.push(init);
    const answer = answers.shift() ?? true;
    if (answer === true) return new Response('ok');
    clock.moveTo(clock.now() + answer);
    throw reset;
  };
  const resending = withFreshRetry(fetch, clock);
  const call = async (to = url): Promise<string> => {
    const controller = new AbortController();
    const init = { method: 'POST', headers: {}, redirect: 'manual' } as const;
    try {
      await resending(to, { ...init, signal: controller.signal });
      return 'answered';
    } catch {
      return 'reset';
    } finally {
      controller.abort();
    }
  };
  return { call, sent, resending };
}

describe('a request that is reset', () => {
  test('at once is sent again on a new connection when a kept one may have been stale', async () => {
    const { call, sent } = scripted(true, 0, true);
    expect([await call(), await call()]).toEqual(['answered', 'answered']);
    expect(sent.map(({ keepalive }) => keepalive)).toEqual([undefined, undefined, false]);
  });

  test('on the first connection is not sent again', async () => {
    const { call, sent } = scripted(0);
    expect(await call()).toBe('reset');
    expect(sent).toHaveLength(1);
  });

  test('later than a round trip is not sent again', async () => {
    const { call, sent } = scripted(true, 50);
    await call();
    expect(await call()).toBe('reset');
    expect(sent).toHaveLength(2);
  });

  test('is not sent again because another origin has answered', async () => {
    const { call, sent } = scripted(true, 0);
    await call('http://other.test/api');
    expect(await call()).toBe('reset');
    expect(sent).toHaveLength(2);
  });

  test('is not sent again while the only other exchange with the origin still goes on', async () => {
    const { call, sent, resending } = scripted(true, 0);
    const { signal } = new AbortController();
    await resending(url, { method: 'POST', headers: {}, redirect: 'manual', signal });
    expect(await call()).toBe('reset');
    expect(sent).toHaveLength(2);
  });

  test('twice counts as a crash: the connections that were kept are gone', async () => {
    const { call, sent } = scripted(true, 0, 0, 0);
    await call();
    expect([await call(), await call()]).toEqual(['reset', 'reset']);
    expect(sent).toHaveLength(4);
  });
});
