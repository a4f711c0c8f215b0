/** The connection for messages: what is said while it is away alone, and when it hears again. */
import { expect, test } from 'bun:test';
import { listenToScripts } from '../../../src/store/messages.ts';
import { eventually } from '../../eventually.ts';
import { FakeClock } from '../../fake_clock.ts';
import { hear, hearWake, RedisBed, tell } from './redis_bed.ts';

async function open() {
  const server = await bed.server({
    args: ['--user', 'ann', 'on', '>x', '+@all', '~*', '&*'],
  });
  const linkClock = new FakeClock();
  const uri = `redis://ann:x@127.0.0.1:${server.port}`;
  const store = await bed.store(uri, { linkClock, random: () => 0 });
  return { server, linkClock, store };
}

const bed = new RedisBed();

test('while messages alone are not heard, missed is told every second, and once when they are', async () => {
  const { server, linkClock, store } = await open();
  const atMs: number[] = [];
  listenToScripts(store, { missed: () => void atMs.push(linkClock.now()) });
  const heard = hear(store);
  bed.lines.length = 0;
  await tell(server, 'ACL', 'SETUSER', 'ann', '-psubscribe');
  await tell(server, 'CLIENT', 'KILL', 'TYPE', 'pubsub');
  await eventually(() => {
    linkClock.advance(200);
    return atMs.length === 4;
  });
  const gaps = atMs.slice(1).map((time, index) => time - (atMs[index] ?? 0));
  expect(gaps).toEqual([1_000, 1_000, 1_000]);
  expect(await store.run('bed_one', [])).toBe(1);
  expect(store.trouble()).toBeNull();
  const said = () => bed.lines.map(({ level, text }) => `${level} ${text.split(':')[0]}`);
  expect(said()).toEqual(['warn messages of Redis are not heard']);

  await tell(server, 'ACL', 'SETUSER', 'ann', '+psubscribe');
  await eventually(() => {
    if (said().length === 1) linkClock.advance(50);
    return said().length === 2;
  });
  expect(said()[1]).toBe('info messages of Redis are heard again');
  const count = atMs.length;
  expect(atMs.at(-1)).toBe(linkClock.now());
  await hearWake(store, heard);
  linkClock.advance(3_000);
  await hearWake(store, heard);
  expect(atMs).toHaveLength(count);
  expect(new Set(heard)).toEqual(new Set(['{bed}:missed ', '{bed}:wake up']));
});

test('a short absence is told once, and not logged', async () => {
  const { server, linkClock, store } = await open();
  const heard = hear(store);
  bed.lines.length = 0;
  await tell(server, 'CLIENT', 'KILL', 'TYPE', 'pubsub');
  await eventually(() => {
    if (heard.length === 0) linkClock.advance(5);
    return heard.length > 0;
  });
  await hearWake(store, heard);
  expect(heard.slice(0, 2)).toEqual(['{bed}:missed ', '{bed}:wake up']);
  expect(bed.lines).toEqual([]);
});

test('while no script can run, there is nothing to miss', async () => {
  const { server, linkClock, store } = await open();
  const heard = hear(store);
  await server.kill();
  await eventually(() => store.trouble());
  for (let second = 0; second < 5; second += 1) linkClock.advance(1_000);
  expect(heard).toEqual([]);
});

test('when only the connection for scripts was lost, resync is told and nothing was missed', async () => {
  const { server, linkClock, store } = await open();
  const heard = hear(store);
  await tell(server, 'CLIENT', 'KILL', 'TYPE', 'normal', 'USER', 'ann');
  await eventually(() => store.trouble());
  await eventually(() => {
    if (heard.length === 0) linkClock.advance(5);
    return heard.length > 0;
  });
  await hearWake(store, heard);
  expect(heard.slice(0, 2)).toEqual(['{bed}:resync ', '{bed}:wake up']);
});
