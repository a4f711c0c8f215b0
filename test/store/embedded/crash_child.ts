/**
 * Writes until it is killed and prints what the store has acknowledged. Each script keeps three keys in
 * step, one of them split into parts and one a list that is trimmed: a batch that was torn would show.
 */
import { systemClock } from '../../../src/lib/clock.ts';
import { openEmbeddedStore } from '../../../src/store/embedded/engine.ts';

export const crashScripts = {
  step: `
    local n = redis.call('INCR', 'count')
    redis.call('HSET', 'steps', 'step' .. n, ARGV[1])
    redis.call('RPUSH', 'outbox', n)
    redis.call('ZADD', 'index', n, 'step' .. n)
    if redis.call('LLEN', 'outbox') > 200 then redis.call('LTRIM', 'outbox', 100, -1) end
    return n`,
  check: `
    local n = tonumber(redis.call('GET', 'count') or '0')
    local last = redis.call('LRANGE', 'outbox', -1, -1)[1] or '0'
    local top = redis.call('ZREVRANGE', 'index', 0, 0)[1] or 'step0'
    return { n, redis.call('HLEN', 'steps'), tonumber(last), redis.call('ZCARD', 'index'), top }`,
};

if (import.meta.main) {
  const store = await openEmbeddedStore({
    dataDir: process.argv[2] ?? null,
    clock: systemClock,
    extraScripts: crashScripts,
  });
  for (;;) {
    let last = 0;
    const burst = 1 + Math.floor(Math.random() * 20);
    for (let at = 0; at < burst; at += 1) {
      last = Number(store.runSync('step', ['x'.repeat(Math.floor(Math.random() * 400))]));
    }
    await store.settled();
    process.stdout.write(`${last}\n`);
  }
}
