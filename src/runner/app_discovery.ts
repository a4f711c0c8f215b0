/**
 * Finds a first app on this machine, for people who just start the dev server: usual ports, usual paths
 * (sdk-http-protocol.md §1.10). It is over for good as soon as there is any app.
 */
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { Registry } from '../state/registry.ts';
import { forEachBounded } from './bounded.ts';
import { Rounds } from './rounds.ts';

export interface AppDiscoveryParts {
  readonly clock: Clock;
  readonly log: Pick<Logger, 'warn'>;
  readonly registry: Pick<Registry, 'apps'>;
  readonly intervalMs: number;
  /** `isPortOpen` of `port_dial.ts`. */
  readonly isPortOpen: (port: number) => Promise<boolean>;
  /** `probeSdk` with the server's options. */
  readonly probe: (url: string) => Promise<boolean>;
  /** `syncApp` with its parts. */
  readonly sync: (url: string) => Promise<unknown>;
  readonly ports: readonly number[];
}

const usualPorts = [
  ...[80, 443, 3000, 3001, 3002, 3003, 3004, 3005, 3006, 3007, 3008, 3009, 3010],
  ...[4321, 5000, 5173, 8000, 8080, 8081, 8787, 8888],
  ...[8910, 8911, 8912, 8913, 8914, 8915],
];

const usualPaths = [
  '/api/inngest',
  '/x/inngest',
  '/.netlify/functions/inngest',
  '/.redwood/functions/inngest',
];

const portsAtOnceMax = 8;

/** The ports to look at; `port` is `$PORT`, which many frameworks listen on. */
export function discoveryPorts(port: string | undefined): readonly number[] {
  const own = /^\d{1,5}$/.test(port ?? '') ? Number(port) : 0;
  const isNew = own > 0 && own < 65_536 && !usualPorts.includes(own);
  return isNew ? [own, ...usualPorts] : usualPorts;
}

export class AppDiscovery {
  readonly #parts: AppDiscoveryParts;
  readonly #rounds: Rounds;

  constructor(parts: AppDiscoveryParts) {
    this.#parts = parts;
    this.#rounds = new Rounds({ ...parts, what: 'looking for apps', round: () => this.#round() });
  }

  start(): void {
    this.#rounds.start();
  }

  /** Resolves when the probes under way have ended. */
  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  async #round(): Promise<boolean> {
    const { registry, ports } = this.#parts;
    if (registry.apps().length > 0) return false;
    // All ports, even after a hit: several apps started together are all found.
    await forEachBounded(ports, portsAtOnceMax, (port) => this.#lookAt(port));
    return registry.apps().length === 0;
  }

  async #lookAt(port: number): Promise<void> {
    const { isPortOpen, probe, sync } = this.#parts;
    if (this.#rounds.isStopped || !(await isPortOpen(port))) return;
    for (const path of usualPaths) {
      if (this.#rounds.isStopped) return;
      const url = `http://localhost:${port}${path}`;
      if (!(await probe(url))) continue;
      await sync(url);
      return;
    }
  }
}
