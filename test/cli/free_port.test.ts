import { expect, test } from 'bun:test';
import { nextFreePort } from '../../src/cli/free_port.ts';

function listen(port: number) {
  return Bun.listen({ hostname: '127.0.0.1', port, socket: { data: () => undefined } });
}

test('a port that nothing listens on is kept', () => {
  const listener = listen(0);
  const { port } = listener;
  listener.stop(true);
  expect(nextFreePort('127.0.0.1', port)).toBe(port);
});

test('a taken port is exchanged for one above it', () => {
  const listener = listen(0);
  const found = nextFreePort('127.0.0.1', listener.port);
  expect(found).toBeGreaterThan(listener.port);
  listener.stop(true);
});
