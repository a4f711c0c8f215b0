import { describe, expect, test } from 'bun:test';
import {
  maskedAddress,
  maskedConfig,
  maskedFunction,
  maskedUrl,
} from '../../src/cli/secret_mask.ts';

describe('an address', () => {
  test.each([
    ['redis://queue:6379/1', 'redis://queue:6379/1'],
    ['redis://me:secret@queue:6379', 'redis://me:***@queue:6379'],
    ['redis://:secret@queue', 'redis://:***@queue'],
    ['redis+sentinel://u:secret@a:1,b:2/main', 'redis+sentinel://u:***@a:1,b:2/main'],
    ['redis://me:sec/re#t@x@queue', 'redis://me:***@queue'],
    ['redis://me:123/x@queue', 'redis://me:***@queue'],
    ['postgres://db/x?user=me&password=secret&a=b', 'postgres://db/x?user=me&password=***&a=b'],
  ])('%s is shown as %s', (address, shown) => {
    expect(maskedAddress(address)).toBe(shown);
  });
});

describe('the URL of a step', () => {
  test.each([
    ['https://api.example/step?token=secret', 'https://api.example/step?token=***'],
    ['https://secret@api.example/step', 'https://***@api.example/step'],
    ['https://me:se@cret@api.example/@me', 'https://me:***@api.example/@me'],
    [
      'http://127.0.0.1:9000/a?shop=basel&to=a@b.ch',
      'http://127.0.0.1:9000/a?shop=basel&to=a@b.ch',
    ],
    ['http://me:sec/ret@api.example', 'http://me:***@api.example'],
    ['not an address', 'not an address'],
  ])('%s is shown as %s', (url, shown) => {
    expect(maskedUrl(url)).toBe(shown);
  });
});

test('settings lose their keys and passwords and nothing else', () => {
  const config = {
    log: { level: 'debug' },
    queue: { service: { host: 'q', password: 'secret', port: 6379, username: 'me' } },
    execution: { drivers: { http: { signingKey: 'secret', timeout: 5 } } },
  };
  expect(maskedConfig(config)).toEqual({
    log: { level: 'debug' },
    queue: { service: { host: 'q', password: '***', port: 6379, username: 'me' } },
    execution: { drivers: { http: { signingKey: '***', timeout: 5 } } },
  });
});

test('functions lose the passwords in their URLs; what describes an event is no secret', () => {
  const definition = { format: 'cue', synced: false, def: { data: { password: 'string' } } };
  const declared = {
    triggers: [{ event: 'a', definition }],
    steps: { a: { runtime: { type: 'http', url: 'http://me:secret@h/' } } },
  };
  expect(maskedFunction(declared)).toEqual({
    triggers: [{ event: 'a', definition }],
    steps: { a: { runtime: { type: 'http', url: 'http://me:***@h/' } } },
  });
});
