import { describe, expect, test } from 'bun:test';
import type { Reply } from '../../../src/store/store.ts';
import { openProbe } from './probe.ts';

/** Command lines in the order they run, each with its reply; an Error is one raised by the command. */
type Session = readonly (readonly [line: string, reply: Reply | Error])[];

const wrongType = new Error('WRONGTYPE Operation against a key holding the wrong kind of value');
const notInteger = new Error('ERR value is not an integer or out of range');
const syntax = new Error('ERR syntax error');
const wrongArity = new Error('ERR Wrong number of args calling Redis command from script');

const sessions: Readonly<Record<string, Session>> = {
  'SET and GET replace a value': [
    ['GET a', null],
    ['SET a 1', 'OK'],
    ['get a', '1'],
    ['SET a 2 NX', null],
    ['SET b 2 XX', null],
    ['SET a 3 XX', 'OK'],
    ['Set a 4 GET', '3'],
    ['SET new 1 NX GET', null],
    ['SET a 5 NX XX', syntax],
    ['SET a 5 EX', syntax],
    ['SETNX a 6', 0],
    ['SETNX c 6', 1],
    ['GETDEL c', '6'],
    ['GETDEL c', null],
    ['STRLEN a', 1],
    ['APPEND a é', 3],
    ['STRLEN a', 3],
    ['STRLEN none', 0],
  ],
  'EX, PX, EXAT, PXAT and KEEPTTL set or keep the expiry': [
    ['SET a 1 EX 10', 'OK'],
    ['TTL a', 10],
    ['PTTL a', 10_000],
    ['SET a 2 KEEPTTL', 'OK'],
    ['TTL a', 10],
    ['SET a 2', 'OK'],
    ['TTL a', -1],
    ['TTL none', -2],
    ['SET a 1 PX 1500', 'OK'],
    ['PTTL a', 1500],
    ['SET a 1 EXAT 1800000007', 'OK'],
    ['PTTL a', 7000],
    ['SET a 1 PXAT 1800000000300', 'OK'],
    ['PTTL a', 300],
    ['SET a 1 EX 0', new Error("ERR invalid expire time in 'set' command")],
    ['SET a 1 EX 1 PX 1', syntax],
    ['SET a 1 EX x', notInteger],
    ['SETEX a 3 v', 'OK'],
    ['PSETEX a 300 w', 'OK'],
    ['PTTL a', 300],
    ['INCR n', 1],
    ['EXPIRE n 100', 1],
    ['INCR n', 2],
    ['TTL n', 100],
  ],
  'EXPIRE and its conditions': [
    ['EXPIRE a 1', 0],
    ['SET a 1', 'OK'],
    ['EXPIRE a 10 XX', 0],
    ['EXPIRE a 10 GT', 0],
    ['EXPIRE a 10 LT', 1],
    ['EXPIRE a 20 NX', 0],
    ['PEXPIRE a 20000 GT', 1],
    ['EXPIRE a 5 YY', new Error('ERR Unsupported option YY')],
    ['TTL a', 20],
    ['PERSIST a', 1],
    ['PERSIST a', 0],
    ['PEXPIREAT a 1800000001000', 1],
    ['PTTL a', 1000],
    ['EXPIRE a -1', 1],
    ['EXISTS a', 0],
  ],
  'keys as such': [
    ['SET s 1', 'OK'],
    ['HSET h f 1', 1],
    ['SADD m x', 1],
    ['ZADD z 1 x', 1],
    ['RPUSH l x', 1],
    ['TYPE s', 'string'],
    ['TYPE h', 'hash'],
    ['TYPE m', 'set'],
    ['TYPE z', 'zset'],
    ['TYPE l', 'list'],
    ['TYPE none', 'none'],
    ['EXISTS s h none s', 3],
    ['DEL s h none', 2],
    ['EXISTS s h', 0],
  ],
  'counting in strings': [
    ['INCR n', 1],
    ['INCRBY n 10', 11],
    ['DECR n', 10],
    ['DECRBY n 20', -10],
    ['INCRBY n 1.5', notInteger],
    ['SET t text', 'OK'],
    ['INCR t', notInteger],
    ['SET t 01', 'OK'],
    ['INCR t', notInteger],
    ['SET f 10.5', 'OK'],
    ['INCRBYFLOAT f 0.1', '10.6'],
    ['INCRBYFLOAT f -5', '5.6'],
    ['INCRBYFLOAT f 1e2', '105.6'],
    ['INCRBYFLOAT f x', new Error('ERR value is not a valid float')],
    ['INCRBYFLOAT g 3', '3'],
    ['INCRBYFLOAT g 1e-9', '3.000000001'],
    ['INCRBYFLOAT h 1e-9', '0.000000001'],
    ['INCRBYFLOAT h 1e22', '10000000000000000000000'],
  ],
  hashes: [
    ['HSET h a 1 b 2', 2],
    ['HSET h a 3 c 4', 1],
    ['HSET h a', wrongArity],
    ['HSET h a 1 b', new Error("ERR wrong number of arguments for 'hset' command")],
    ['HMSET h d 5', 'OK'],
    ['HSETNX h a 9', 0],
    ['HSETNX h e 6', 1],
    ['HGET h a', '3'],
    ['HGET h none', null],
    ['HGET none a', null],
    ['HMGET h a none b', ['3', null, '2']],
    ['HGETALL h', ['a', '3', 'b', '2', 'c', '4', 'd', '5', 'e', '6']],
    ['HGETALL none', []],
    ['HKEYS h', ['a', 'b', 'c', 'd', 'e']],
    ['HVALS h', ['3', '2', '4', '5', '6']],
    ['HLEN h', 5],
    ['HEXISTS h a', 1],
    ['HEXISTS h z', 0],
    ['HSTRLEN h a', 1],
    ['HINCRBY h a 4', 7],
    ['HINCRBY h n 4', 4],
    ['HINCRBYFLOAT h a 0.5', '7.5'],
    ['HINCRBY h a 1', new Error('ERR hash value is not an integer')],
    ['HSET h t text', 1],
    ['HINCRBYFLOAT h t 1', new Error('ERR hash value is not a float')],
    ['HDEL h a b none', 2],
    ['HDEL h c d e n t', 5],
    ['EXISTS h', 0],
    ['HDEL h a', 0],
  ],
  sets: [
    ['SADD s a b a', 2],
    ['SADD s a c', 1],
    ['SISMEMBER s a', 1],
    ['SISMEMBER s z', 0],
    ['SCARD s', 3],
    ['SMEMBERS s', ['a', 'b', 'c']],
    ['SREM s a z', 1],
    ['SPOP s', new Error('ERR random commands are not allowed: pass the choice in as an argument')],
    ['SREM s b c', 2],
    ['EXISTS s', 0],
    ['SMEMBERS s', []],
  ],
  'adding to sorted sets': [
    ['ZADD z 1 a 2 b', 2],
    ['ZADD z 3 a 4 c', 1],
    ['ZADD z CH 5 a 6 d', 2],
    ['ZADD z NX 9 a 9 e', 1],
    ['ZSCORE z a', '5'],
    ['ZADD z XX 7 a 7 none', 0],
    ['ZSCORE z a', '7'],
    ['ZSCORE z none', null],
    ['ZADD z GT CH 6 a', 0],
    ['ZADD z LT CH 6 a', 1],
    ['ZADD z GT 1 f', 1],
    ['ZADD z INCR 2.5 a', '8.5'],
    ['ZADD z NX INCR 2 a', null],
    ['ZADD z INCR 1 a 1 b', new Error('ERR INCR option supports a single increment-element pair')],
    ['ZADD z NX XX 1 a', new Error('ERR XX and NX options at the same time are not compatible')],
    [
      'ZADD z NX GT 1 a',
      new Error('ERR GT, LT, and/or NX options at the same time are not compatible'),
    ],
    ['ZADD z 1', wrongArity],
    ['ZADD z 1 a 2', syntax],
    ['ZADD z x a', new Error('ERR value is not a valid float')],
    ['ZADD gone XX 1 a', 0],
    ['EXISTS gone', 0],
    ['ZINCRBY z 1.5 a', '10'],
    ['ZINCRBY z +inf i', 'inf'],
    ['ZINCRBY z -inf i', new Error('ERR resulting score is not a number (NaN)')],
    ['ZMSCORE z b a', ['2', '10']],
    ['ZCARD z', 7],
  ],
  'reading sorted sets': [
    ['ZADD z 1 a 2 b 2 c 3 d inf e', 5],
    ['ZRANGE z 0 -1', ['a', 'b', 'c', 'd', 'e']],
    ['ZRANGE z 1 2 WITHSCORES', ['b', '2', 'c', '2']],
    ['ZRANGE z -2 -1', ['d', 'e']],
    ['ZRANGE z 0 1 REV', ['e', 'd']],
    ['ZRANGE z 5 9', []],
    ['ZREVRANGE z 0 0 WITHSCORES', ['e', 'inf']],
    ['ZRANGE z 2 3 BYSCORE', ['b', 'c', 'd']],
    ['ZRANGE z (2 +inf BYSCORE', ['d', 'e']],
    ['ZRANGE z 2 -inf BYSCORE REV', ['c', 'b', 'a']],
    ['ZRANGE z -inf inf BYSCORE LIMIT 1 2', ['b', 'c']],
    ['ZRANGE z inf -inf BYSCORE REV LIMIT 1 2', ['d', 'c']],
    [
      'ZRANGE z 0 1 LIMIT 0 1',
      new Error(
        'ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX',
      ),
    ],
    ['ZRANGEBYSCORE z -inf (2 WITHSCORES LIMIT 0 10', ['a', '1']],
    ['ZRANGEBYSCORE z -inf inf LIMIT 3 -1', ['d', 'e']],
    ['ZREVRANGEBYSCORE z 3 2', ['d', 'c', 'b']],
    ['ZRANGEBYSCORE z x 2', new Error('ERR min or max is not a float')],
    ['ZRANGEBYSCORE z 3 1', []],
    ['ZCOUNT z 2 3', 3],
    ['ZCOUNT z (2 (3', 0],
    ['ZCOUNT none 0 1', 0],
    ['ZRANK z d', 3],
    ['ZRANK z none', null],
    ['ZREVRANK z d', 1],
  ],
  'removing from sorted sets': [
    ['ZADD z 1 a 2 b 3 c 4 d 5 e 6 f', 6],
    ['ZREM z a none', 1],
    ['ZPOPMIN z', ['b', '2']],
    ['ZREMRANGEBYSCORE z 3 (4', 1],
    ['ZREMRANGEBYRANK z -1 -1', 1],
    ['ZPOPMIN z 9', ['d', '4', 'e', '5']],
    ['ZPOPMIN z', []],
    ['EXISTS z', 0],
    ['ZREMRANGEBYSCORE z 0 1', 0],
  ],
  lists: [
    ['RPUSH l b c', 2],
    ['LPUSH l a z', 4],
    ['LRANGE l 0 -1', ['z', 'a', 'b', 'c']],
    ['LRANGE l -2 9', ['b', 'c']],
    ['LRANGE l 3 1', []],
    ['LLEN l', 4],
    ['LINDEX l 0', 'z'],
    ['LINDEX l -1', 'c'],
    ['LINDEX l 9', null],
    ['LSET l 1 A', 'OK'],
    ['LSET l 9 A', new Error('ERR index out of range')],
    ['LSET none 0 A', new Error('ERR no such key')],
    ['LPOP l', 'z'],
    ['RPOP l 2', ['c', 'b']],
    ['LPOP l -1', new Error('ERR value is out of range, must be positive')],
    ['LPOP l', 'A'],
    ['LPOP l', null],
    ['EXISTS l', 0],
    ['RPUSH l a b a c a', 5],
    ['LREM l 1 a', 1],
    ['LREM l -1 a', 1],
    ['LRANGE l 0 -1', ['b', 'a', 'c']],
    ['LREM l 0 a', 1],
    ['LREM l 0 none', 0],
    ['RPUSH l d e f', 5],
    ['LTRIM l 1 -2', 'OK'],
    ['LRANGE l 0 -1', ['c', 'd', 'e']],
    ['LTRIM l 5 9', 'OK'],
    ['EXISTS l', 0],
  ],
  'commands on a key of another type': [
    ['SET s 1', 'OK'],
    ['RPUSH l a', 1],
    ['HGET s a', wrongType],
    ['SADD s a', wrongType],
    ['ZADD s 1 a', wrongType],
    ['LPUSH s a', wrongType],
    ['GET l', wrongType],
    ['INCR l', wrongType],
    ['HSET l a 1', wrongType],
    ['SET l now-a-string', 'OK'],
    ['GET l', 'now-a-string'],
  ],
  'commands that are not there or not complete': [
    ['NOPE a', new Error('ERR Unknown Redis command called from script: NOPE')],
    ['GET', wrongArity],
    ['GET a b', wrongArity],
  ],
};

describe('commands answer as Redis does', () => {
  for (const [name, session] of Object.entries(sessions)) {
    test(name, async () => {
      const probe = await openProbe();
      for (const [line, reply] of session) {
        const actual = reply instanceof Error ? probe.error(...line.split(' ')) : probe.line(line);
        expect({ line, reply: actual }).toEqual({
          line,
          reply: reply instanceof Error ? reply.message : reply,
        });
      }
      await probe.store.close();
    });
  }
});

test('members with equal scores are ordered by their UTF-8 bytes', async () => {
  const { call } = await openProbe();
  const members = ['😀', '\uffee', 'é', 'z', 'Z', '', 'zz'];
  for (const member of members) call('ZADD', 'z', 1, member);
  const byBytes = members.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  expect(call('ZRANGE', 'z', 0, -1)).toEqual(byBytes);
});

test('nil reaches Lua as false, integers as numbers and statuses as tables', async () => {
  const { store } = await openProbe();
  const typed = (...args: string[]): Reply => store.runSync('typed', args);
  expect(typed('GET', 'a')).toEqual(['boolean', null]);
  expect(typed('SET', 'a', '1')).toEqual(['table', 'OK']);
  expect(typed('INCR', 'a')).toEqual(['number', 2]);
  expect(typed('GET', 'a')).toEqual(['string', '2']);
});

test('a sorted set of many members keeps order, ranks and counts', async () => {
  const { call } = await openProbe();
  const count = 5000;
  for (let at = 0; at < count; at += 1) call('ZADD', 'z', (at * 7919) % count, `m${at}`);
  for (let at = 0; at < count; at += 2) call('ZREM', 'z', `m${at}`);
  expect(call('ZCARD', 'z')).toBe(count / 2);
  const members = call('ZRANGE', 'z', 0, -1);
  if (!Array.isArray(members)) throw new Error('expected an array');
  const scores = members.map((member) => Number(call('ZSCORE', 'z', String(member))));
  expect(scores).toEqual(scores.toSorted((a, b) => a - b));
  for (const place of [0, 1, 700, 2499]) {
    expect(call('ZRANK', 'z', String(members[place]))).toBe(place);
    expect(call('ZCOUNT', 'z', '-inf', `(${scores[place]}`)).toBe(place);
  }
});
