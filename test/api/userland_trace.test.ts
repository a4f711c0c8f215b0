import { expect, test } from 'bun:test';
import { openDoor } from './door.ts';

const path = '/v1/traces/userland';

test('spans in JSON and in protobuf are accepted in kind', async () => {
  const door = openDoor();
  const json = await door.knock(
    'POST',
    path,
    { resourceSpans: [] },
    {
      'content-type': 'application/json',
    },
  );
  expect([json.status, json.json()]).toEqual([200, {}]);
  const protobuf = await door.knock('POST', path, new Uint8Array([10, 0]), {
    'content-type': 'application/x-protobuf',
  });
  expect([protobuf.status, protobuf.text]).toEqual([200, '']);
  expect(protobuf.headers.get('content-type')).toBe('application/x-protobuf');
});

test('JSON that is none is 400 in the form OTLP asks for', async () => {
  const door = openDoor();
  for (const body of ['{', '[]', '1', '']) {
    const answer = await door.knock('POST', path, body, { 'content-type': 'application/json' });
    expect([answer.status, answer.json()]).toEqual([400, { message: 'Invalid payload' }]);
  }
});

test('more than 8 MiB of spans is 413', async () => {
  const body = new Uint8Array(8 * 1024 * 1024 + 1);
  expect((await openDoor().knock('POST', path, body)).status).toBe(413);
});
