import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../src/lib/clock.ts';
import { createOtlpExporter } from '../../../src/trace/otlp/exporter.ts';
import { scheduledRuns } from './scripted_run.ts';

let folder = '';

/** One certificate that vouches for itself serves as authority, server and client. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inngest-otlp-'));
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const names = ['-subj', '/CN=collector', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const out = ['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')];
  const child = Bun.spawn(['openssl', 'req', '-x509', ...key, ...names, '-days', '2', ...out], {
    stdout: 'ignore',
    stderr: 'pipe',
  });
  if ((await child.exited) !== 0) throw new Error(await new Response(child.stderr).text());
});

afterAll(() => rm(folder, { recursive: true, force: true }));

test('a collector with a certificate of its own is trusted by the variables for that', async () => {
  const cert = join(folder, 'cert.pem');
  const key = join(folder, 'key.pem');
  let requests = 0;
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    tls: {
      cert: Bun.file(cert),
      key: Bun.file(key),
      ca: Bun.file(cert),
      requestCert: true,
      rejectUnauthorized: true,
    },
    fetch() {
      requests += 1;
      return new Response(null);
    },
  });
  const exportWith = async (env: Record<string, string>) => {
    const exporter = createOtlpExporter(
      { OTEL_EXPORTER_OTLP_ENDPOINT: `https://127.0.0.1:${server.port}`, ...env },
      { clock: systemClock, log: { warn: () => undefined }, random: () => 0 },
    );
    exporter?.offer(scheduledRuns(1));
    await exporter?.close();
    return exporter?.stats().exported;
  };
  try {
    const trusted = {
      OTEL_EXPORTER_OTLP_CERTIFICATE: cert,
      OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: cert,
      OTEL_EXPORTER_OTLP_CLIENT_KEY: key,
    };
    expect(await exportWith(trusted)).toBe(1);
    expect(requests).toBe(1);
    const strangers = fetch(`https://127.0.0.1:${server.port}`);
    expect(await strangers.then(() => 'trusted').catch(() => 'refused')).toBe('refused');
  } finally {
    await server.stop(true);
  }
});
