/**
 * `npm run demo`: sets up, starts the server and examples/quickstart, sends an event, shows its steps as
 * they happen and stays up until Ctrl-C. `--once` ends when the run has: 0 when it completed.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { environment, root, setUp } from './setup.mjs';

const usualPort = 8288;
const startDeadlineMs = 30_000;
const runDeadlineMs = 60_000;
const lookEveryMs = 100;
const samePressMs = 500;
const endedStatuses = new Set(['Completed', 'Failed', 'Cancelled', 'Skipped']);

const isOnce = process.argv.includes('--once');
const bun = setUp();
const dataDir = mkdtempSync(join(tmpdir(), 'inngest-demo-'));
const children = [];
const color = process.stdout.isTTY && !process.env.NO_COLOR;
const dim = (text) => (color ? `\x1b[2m${text}\x1b[0m` : text);
const bold = (text) => (color ? `\x1b[1m${text}\x1b[0m` : text);
let sentAtMs = 0;
let isEnding = false;
let askedAtMs = 0;

for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, endWhenAsked);

try {
  const serverUrl = await startServer();
  const appUrl = await startApp(serverUrl);
  const status = await follow(serverUrl, await sendEvent(serverUrl));
  say(status === 'Completed' ? bold('run completed') : `run ended: ${status}`);
  if (isOnce) await end(status === 'Completed' ? 0 : 1);
  else invite(serverUrl, appUrl);
} catch (error) {
  process.stderr.write(`demo: ${error instanceof Error ? error.message : error}\n`);
  await end(1);
}

async function startServer() {
  const port = await freePort(usualPort);
  const url = `http://127.0.0.1:${port}`;
  const flags = ['--port', String(port), '--data-dir', dataDir, '--no-discovery'];
  const server = start('server', ['src/main.ts', 'dev', ...flags, '--log-level', 'warn'], {});
  await until('the server to answer', startDeadlineMs, server, async () => {
    const answer = await fetch(`${url}/health`);
    return answer.ok;
  });
  process.stdout.write(`${dim('server')}  ${bold(url)}\n`);
  return url;
}

/** Resolves once the app is registered: asked to, it tells the server about its functions. */
async function startApp(serverUrl) {
  const port = await freePort(3000);
  const url = `http://127.0.0.1:${port}/api/inngest`;
  const settings = { PORT: String(port), INNGEST_DEV: serverUrl };
  const app = start('app', ['examples/quickstart/app.ts'], settings);
  await until('the app to register', startDeadlineMs, app, async () => {
    const answer = await fetch(url, { method: 'PUT' });
    return answer.ok;
  });
  process.stdout.write(`${dim('app')}     ${url}\n\n`);
  return url;
}

async function sendEvent(serverUrl) {
  sentAtMs = performance.now();
  const event = { name: 'shop/order.placed', data: { orderId: 'A-1001', cents: 2599 } };
  say(`event ${bold(event.name)} ${JSON.stringify(event.data)}`);
  const answer = await fetch(`${serverUrl}/e/demo`, {
    method: 'POST',
    body: JSON.stringify(event),
  });
  const { ids, error } = await answer.json();
  if (!answer.ok || !ids?.[0]) throw new Error(`the server refused the event: ${error}`);
  return ids[0];
}

/** Resolves with the status in which the event's run ended. */
async function follow(serverUrl, eventId) {
  return until('the run to end', runDeadlineMs, null, async () => {
    const answer = await fetch(`${serverUrl}/v1/events/${eventId}/runs`);
    const { data } = await answer.json();
    const status = data?.[0]?.status;
    return endedStatuses.has(status) && status;
  });
}

function invite(serverUrl, appUrl) {
  process.stdout.write(`
The server is at ${bold(serverUrl)}, the app at ${appUrl}. Send another order:

  curl ${serverUrl}/e/demo -d '{"name":"shop/order.placed","data":{"orderId":"A-1002","cents":999}}'

Ctrl-C ends both.

`);
}

function start(name, args, settings) {
  // Away from the terminal's process group: Ctrl-C reaches this script, and it ends the others in order.
  const child = spawn(bun, args, {
    cwd: root,
    env: { ...withoutSettings(environment(bun)), ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: process.platform !== 'win32',
  });
  const running = { name, child, exitCode: null, lines: [] };
  children.push(running);
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      running.lines.push(line);
      if (running.lines.length > 50) running.lines.shift();
      // Logs and stack traces would drown the steps; they are shown should a process end.
      if (sentAtMs > 0 && stream === child.stdout) say(line);
    });
  }
  running.ended = new Promise((ended) => {
    child.once('error', ended);
    child.once('exit', ended);
  }).then(() => {
    running.exitCode = child.exitCode ?? 1;
    if (isEnding) return;
    for (const line of running.lines.slice(-20)) process.stderr.write(`  ${line}\n`);
    process.stderr.write(`demo: the ${name} ended\n`);
    void end(1);
  });
  return running;
}

/** Settings of the developer's shell are about another server. */
function withoutSettings(env) {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('INNGEST_')));
}

function say(text) {
  const seconds = sentAtMs > 0 ? ((performance.now() - sentAtMs) / 1000).toFixed(3) : '';
  process.stdout.write(`${dim(`${seconds.padStart(7)}${seconds ? ' s' : '  '}`)}  ${text}\n`);
}

/** Looks again and again until `look` has a value; an attempt that throws has none yet. */
async function until(what, deadlineMs, running, look) {
  const deadline = performance.now() + deadlineMs;
  let reason = '';
  while (performance.now() < deadline && (running?.exitCode ?? null) === null) {
    try {
      const value = await look();
      if (value) return value;
    } catch (error) {
      reason = ` (${error.message})`;
    }
    await new Promise((again) => setTimeout(again, lookEveryMs));
  }
  const output = running?.lines.length ? `\n${running.lines.join('\n')}` : '';
  throw new Error(`waited ${deadlineMs / 1000} s for ${what}${reason}${output}`);
}

function freePort(wanted) {
  return new Promise((found, failed) => {
    const probe = createServer();
    probe.once('error', (error) => (wanted === 0 ? failed(error) : found(freePort(0))));
    probe.listen(wanted, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => found(port));
    });
  });
}

/** Ctrl-C under npm comes twice, from the terminal and from npm: only one a moment later is impatience. */
function endWhenAsked() {
  const nowMs = performance.now();
  if (askedAtMs > 0 && nowMs - askedAtMs > samePressMs) {
    for (const { child } of children) child.kill('SIGKILL');
    process.exit(130);
  }
  if (askedAtMs === 0) askedAtMs = nowMs;
  void end(0);
}

async function end(exitCode) {
  if (isEnding) return;
  isEnding = true;
  for (const { child } of [...children].reverse()) child.kill('SIGTERM');
  await Promise.all(children.map(({ ended }) => ended));
  rmSync(dataDir, { recursive: true, force: true });
  process.exit(exitCode);
}
