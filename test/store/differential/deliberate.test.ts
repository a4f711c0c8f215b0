/** What the embedded engine does not have says so. */
import { expect, test } from 'bun:test';
import { openProbe } from '../embedded/probe.ts';
import {
  absentCommands,
  absentGlobals,
  absentJsonFunctions,
  absentLibraries,
  absentRedisFunctions,
  randomCommands,
} from './deliberate.ts';

/** The error that a script ends with. */
async function failureOf(source: string): Promise<string> {
  const { store } = await openProbe({ extraScripts: { s: source } });
  try {
    return `answered ${JSON.stringify(store.runSync('s', []))}`;
  } catch (error) {
    return String(error);
  }
}

test('a command that the engine does not have is refused by its name', async () => {
  const probe = await openProbe();
  for (const name of absentCommands) {
    expect(probe.error(name, 'key')).toBe(`ERR Unknown Redis command called from script: ${name}`);
  }
});

test('a command that picks at random is refused', async () => {
  const probe = await openProbe();
  for (const name of randomCommands) {
    expect(probe.error(name, 'key')).toMatch(/^ERR random commands are not allowed/);
  }
});

test('ZRANGE BYLEX is refused', async () => {
  const probe = await openProbe();
  expect(probe.error('ZRANGE', 'z', '-', '+', 'BYLEX')).toBe(
    'ERR ZRANGE BYLEX is not available in the embedded engine',
  );
});

test('a library that the engine does not have is refused by its name', async () => {
  for (const name of absentLibraries) {
    expect(await failureOf(`return ${name}.pack('x')`)).toContain(
      `${name} is not available in the embedded engine`,
    );
  }
});

test('a global that leads out of a script is not there', async () => {
  for (const name of absentGlobals) {
    expect(await failureOf(`return ${name}`)).toMatch(/is not available|nonexistent global/);
  }
});

test('functions of redis and cjson that reach beyond a script are refused by their name', async () => {
  const names = [
    ...absentRedisFunctions.map((name) => `redis.${name}`),
    ...absentJsonFunctions.map((name) => `cjson.${name}`),
  ];
  for (const name of names) {
    expect(await failureOf(`return ${name}(1)`)).toContain(
      `${name} is not available in the embedded engine`,
    );
  }
});

test('a string that is not UTF-8 is neither stored nor answered', async () => {
  const half = "('é'):sub(1, 1)";
  const message = 'a string is not valid UTF-8';
  expect(await failureOf(`return redis.call('SET', 'k', ${half})`)).toContain(message);
  expect(await failureOf(`return { 1, ${half} }`)).toContain(message);
  expect(await failureOf(`return redis.call('SET', 'k', '\ufffd')`)).toBe('answered "OK"');
});

test('a reply that only RESP3 has is refused', async () => {
  expect(await failureOf('return { double = 1.5 }')).toContain('a reply of the kind double');
  expect(await failureOf('return { { map = { a = 1 } } }')).toContain('a reply of the kind map');
});

test('numbers beyond 32 bits print with %d, and not at all with %x', async () => {
  expect(await failureOf("return string.format('%d%%', 1800000000000)")).toBe(
    'answered "1800000000000%"',
  );
  expect(await failureOf("return string.format('%x', 1800000000000)")).toContain(
    'is not available in the embedded engine',
  );
});
