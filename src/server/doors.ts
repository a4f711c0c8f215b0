/** The HTTP doors, listening. */
import { createApp } from '../api/app.ts';
import type { Clock } from '../lib/clock.ts';
import { type Behind, servicesOf } from './services.ts';

/** Closes connections that have been silent this long. Requests that wait longer (`/output`) say so themselves. */
const idleTimeoutS = 60;

/** Requests that are under way when the server ends get this long for their answers; new ones are refused. */
const answerMsMax = 5_000;

export function openDoors(behind: Behind) {
  const { settings, registry, log, metering, clock } = behind.ground;
  let isClosing = false;
  const services = servicesOf(behind, () => isClosing);
  const app = createApp(services, registry, log).listen({
    port: settings.port,
    hostname: settings.host,
    idleTimeout: idleTimeoutS,
  });
  const port = app.server?.port ?? settings.port;
  metering.parts.http = () => ({
    requests: app.server?.pendingRequests ?? 0,
    webSockets: app.server?.pendingWebSockets ?? 0,
  });
  return {
    url: `http://${displayHost(settings.host)}:${port}`,
    closeIntake: () => {
      isClosing = true;
    },
    async close() {
      // What is being answered has been done: a sender that hears nothing would send it again.
      const answered = app.server?.stop(false);
      await Promise.race([answered, after(clock, answerMsMax)]);
      await app.stop(true);
    },
  };
}

function after(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.at(clock.now() + ms, resolve));
}

function displayHost(host: string): string {
  return host === '0.0.0.0' || host === '::' ? 'localhost' : host;
}
