import { describe, expect, test } from 'bun:test';
import type { AppDefinition } from '../../src/function/definition.ts';
import { AppDiscovery, discoveryPorts } from '../../src/runner/app_discovery.ts';
import { isPortOpen } from '../../src/runner/port_dial.ts';
import { eventually } from '../eventually.ts';
import { FakeClock } from '../fake_clock.ts';

function stage(sdkUrls: readonly string[], openPorts: readonly number[]) {
  const clock = new FakeClock();
  const probed: string[] = [];
  const synced: string[] = [];
  const apps: AppDefinition[] = [];
  const open = new Set(openPorts);
  const known = new Set(sdkUrls);
  const discovery = new AppDiscovery({
    ...{ clock, intervalMs: 5_000, ports: [3000, 3001, 8080], log: { warn: () => {} } },
    registry: { apps: () => apps },
    isPortOpen: async (port) => open.has(port),
    probe: async (url) => {
      probed.push(url);
      return known.has(url);
    },
    sync: async (url) => {
      synced.push(url);
    },
  });
  return { clock, probed, synced, apps, discovery };
}

// Only its presence counts here.
const sample = { name: 'shop' } as AppDefinition;

describe('discovery', () => {
  test('tries the usual paths on open ports only, and stops at the first hit of a port', async () => {
    const url = 'http://localhost:3001/x/inngest';
    const { clock, probed, synced, discovery } = stage([url], [3001]);
    discovery.start();
    await eventually(() => clock.pending === 1, { intervalMs: 1 });
    expect(probed).toEqual(['http://localhost:3001/api/inngest', url]);
    expect(synced).toEqual([url]);
    await discovery.stop();
  });

  test('finds several apps in one round', async () => {
    const urls = ['http://localhost:3000/api/inngest', 'http://localhost:8080/api/inngest'];
    const { clock, synced, discovery } = stage(urls, [3000, 8080]);
    discovery.start();
    await eventually(() => clock.pending === 1, { intervalMs: 1 });
    expect([...synced].sort()).toEqual(urls);
    await discovery.stop();
  });

  test('looks again after each interval until there is an app, and then never again', async () => {
    const { clock, probed, apps, discovery } = stage([], [3000]);
    discovery.start();
    await eventually(() => clock.pending === 1, { intervalMs: 1 });
    expect(probed).toHaveLength(4);
    clock.advance(5_000);
    await eventually(() => clock.pending === 1, { intervalMs: 1 });
    expect(probed).toHaveLength(8);
    apps.push(sample);
    clock.advance(5_000);
    await discovery.stop();
    expect(clock.pending).toBe(0);
    apps.pop();
    discovery.start();
    expect(probed).toHaveLength(8);
  });
});

describe('the ports', () => {
  test('are the usual ones and $PORT', () => {
    expect(discoveryPorts(undefined)).toHaveLength(27);
    expect(discoveryPorts('4242')[0]).toBe(4242);
    expect(discoveryPorts('3000')).toHaveLength(27);
    for (const port of ['', 'x', '0', '70000', '-1']) expect(discoveryPorts(port)).toHaveLength(27);
  });

  test('are open when something listens', async () => {
    const server = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } });
    expect(await isPortOpen(server.port)).toBe(true);
    server.stop(true);
    expect(await isPortOpen(server.port)).toBe(false);
  });
});
