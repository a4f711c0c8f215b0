/** How a server finds apps and keeps their functions up to date. */
import type { Settings } from '../cli/settings.ts';
import type { Fetch } from '../driver/exchange.ts';
import { pingApp } from '../driver/ping.ts';
import { probeSdk } from '../driver/probe.ts';
import { appFetch } from '../driver/wide_fetch.ts';
import type { AppDefinition } from '../function/definition.ts';
import { appUrlOf } from '../function/url.ts';
import { claimRole } from '../queue/role.ts';
import { AppDiscovery, discoveryPorts } from '../runner/app_discovery.ts';
import { AppPoll } from '../runner/app_poll.ts';
import { syncApp } from '../runner/app_sync.ts';
import { reportingSync } from '../runner/app_sync_report.ts';
import { isPortOpen } from '../runner/port_dial.ts';
import type { Registry } from '../state/registry.ts';
import { type Ground, kindOf } from './ground.ts';

/** Asking all apps takes its time; the process that asks them keeps the role meanwhile. */
const pollRoleGraceMs = 5_000;

export interface AppSync {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Asks the app at a URL for its functions; one that does not answer stays there with its error. */
  sync(url: string): Promise<AppDefinition | null>;
}

/** Finds apps and keeps them in sync. */
export function appSync(ground: Ground): AppSync {
  const { registry, clock, log, settings } = ground;
  const signingKey = settings.signingKey ?? undefined;
  const isKeyRequired = settings.mode === 'start';
  const leaving = new AbortController();
  const fetch = fetchUntil(leaving.signal);
  const ping = async (url: string) => {
    const serverKind = kindOf(settings);
    const outcome = await pingApp(url, { clock, fetch, serverKind, signingKey, isKeyRequired });
    // Cut short, it says nothing about the app.
    leaving.signal.throwIfAborted();
    return outcome;
  };
  const reported = reportingSync((url) => syncApp(url, { registry, ping }), log);
  const sync = async (url: string): Promise<void> => {
    try {
      await reported(url);
    } catch (error) {
      if (!leaving.signal.aborted) throw error;
    }
  };
  const { pollIntervalMs: intervalMs, isPollingOn } = settings;
  const role = { role: 'poll', process: ground.process, ms: 2 * intervalMs + pollRoleGraceMs };
  const poll = new AppPoll({
    ...{ clock, log, registry, sync, intervalMs, isPollingOn },
    ...(ground.isShared && { isOurs: () => claimRole(ground.store, role) }),
  });
  const discovery = new AppDiscovery({
    clock,
    log,
    registry,
    sync,
    probe: (url) => probeSdk(url, { clock, fetch, signingKey }),
    isPortOpen,
    intervalMs,
    ports: discoveryPorts(process.env.PORT),
  });
  return {
    async start() {
      await addPlaceholders(registry, settings);
      poll.start();
      if (settings.isDiscoveryOn) discovery.start();
    },
    async sync(url) {
      const normal = appUrlOf(url);
      await registry.addPlaceholder(normal);
      await sync(normal);
      return registry.appByUrl(normal);
    },
    async stop() {
      leaving.abort();
      await Promise.all([poll.stop(), discovery.stop()]);
      // Whoever goes on, or this server's next start, need not wait. A store that is away lets it end by itself.
      if (ground.isShared) await claimRole(ground.store, { ...role, ms: 1 }).catch(() => false);
    },
  };
}

export async function addPlaceholders(registry: Registry, { sdkUrls }: Settings): Promise<void> {
  for (const url of sdkUrls) await registry.addPlaceholder(appUrlOf(url));
}

/** A fetch whose requests end with `signal`, too. */
function fetchUntil(signal: AbortSignal): Fetch {
  return (url, init) => appFetch(url, { ...init, signal: AbortSignal.any([init.signal, signal]) });
}
