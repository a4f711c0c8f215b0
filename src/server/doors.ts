/** The HTTP doors, listening. */
import { createApp } from '../api/app.ts';
import { type Behind, servicesOf } from './services.ts';

/** Closes connections that have been silent this long. Requests that wait longer (`/output`) say so themselves. */
const idleTimeoutS = 60;

export function openDoors(behind: Behind) {
  const { settings, registry, log, metering } = behind.ground;
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
    close: () => app.stop(true),
  };
}

function displayHost(host: string): string {
  return host === '0.0.0.0' || host === '::' ? 'localhost' : host;
}
