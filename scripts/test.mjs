/**
 * `npm test`: sets up, checks types and style, builds the binary when the sources are newer, runs every
 * test. Ends with the line `N passed, N failed`; a check or build that fails counts as one failure.
 *
 *   npm test                      everything
 *   npm test -- test/store        only what matches, without the checks
 */
import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { environment, root, setUp } from './setup.mjs';

/** Executables that tests start, and the Debian package of each. */
const systemPackages = [
  { command: 'redis-server', name: 'redis-server' },
  // Not in Debian 12 itself, but in its backports.
  { command: 'valkey-server', name: 'valkey-server', isInBackports: true },
  // Debian keeps the servers of each version in a folder of their own.
  { command: 'initdb', name: 'postgresql', versions: '/usr/lib/postgresql' },
  // For promtool, which checks what /metrics answers.
  { command: 'promtool', name: 'prometheus' },
];
/** Asked by Debian's packages before they start what they have installed. */
const startPolicy = '/usr/sbin/policy-rc.d';
/** What goes into the binary. */
const sources = ['src', 'lua', 'cue', 'proto', 'build.ts', 'package.json', 'package-lock.json'];
/** Folders of test/ that hold programs, not tests. */
const notTests = new Set(['bench']);
const testTimeoutMs = 60_000;

const bun = setUp();
const env = environment(bun);
const wanted = process.argv.slice(2);
const totals = { passed: 0, failed: 0 };

installSystemPackages();
if (wanted.length === 0) {
  check('types', 'tsc', ['--noEmit', '-p', 'tsconfig.json']);
  check('style', 'biome', ['check', '.']);
}
if (isBinaryStale()) check('build', bun, ['build.ts']);
for (const paths of wanted.length > 0 ? [wanted] : testGroups()) await runTests(paths);

process.stdout.write(`\n${totals.passed} passed, ${totals.failed} failed\n`);
process.exitCode = totals.failed === 0 && totals.passed > 0 ? 0 : 1;

function installSystemPackages() {
  const missing = systemPackages.filter((entry) => !isInstalled(entry));
  if (missing.length === 0) return;
  if (process.getuid?.() === 0 && isOnPath('apt-get')) {
    for (const name of missing.map((entry) => entry.name))
      process.stdout.write(`Installing the Debian package ${name}\n`);
    apt([], 'update');
    withoutStarting(() => missing.forEach(install));
  }
  const absent = missing.filter((entry) => !isInstalled(entry)).map(({ name }) => name);
  if (absent.length === 0) return;
  process.stdout.write(
    `Missing: ${absent.join(' ')}. Tests that need them are left out; install them with your package manager.\n`,
  );
}

/** Tests start servers of their own: what packages bring must not run beside them, nor on its usual port. */
function withoutStarting(use) {
  if (existsSync(startPolicy)) {
    // A machine that has a policy, as containers do, keeps it.
    use();
    return;
  }
  // Whoever interrupts this must not find the policy left behind: with a handler, `finally` comes first.
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
  // 101: the action is not allowed.
  writeFileSync(startPolicy, '#!/bin/sh\nexit 101\n', { mode: 0o755, flag: 'wx' });
  try {
    use();
  } finally {
    rmSync(startPolicy, { force: true });
  }
}

function install(entry) {
  const { name, isInBackports = false } = entry;
  const install = ['install', '--yes', '--no-install-recommends'];
  apt([], ...install, name);
  if (isInstalled(entry) || !isInBackports) return;
  withBackports((options, suite) => {
    apt(options, 'update');
    apt(options, ...install, '--target-release', suite, name);
  });
}

/** With the backports of this Debian beside its own sources, for as long as `use` takes; the system keeps its own. */
function withBackports(use) {
  const release = readFileSync('/etc/os-release', 'utf8');
  const codename = /^VERSION_CODENAME="?(\w+)/m.exec(release)?.[1];
  const own = debianSource();
  if (codename === undefined || own === undefined) return;
  const suite = `${codename}-backports`;
  const folder = mkdtempSync(join(tmpdir(), 'inngest-apt-'));
  try {
    const parts = join(folder, 'sources.list.d');
    const lists = join(folder, 'lists');
    mkdirSync(parts);
    mkdirSync(join(lists, 'partial'), { recursive: true });
    writeFileSync(
      join(parts, 'backports.sources'),
      own.replace(/^Suites:.*$/m, `Suites: ${codename} ${suite}`),
    );
    use(
      [
        ...['-o', 'Dir::Etc::SourceList=/dev/null', '-o', `Dir::Etc::SourceParts=${parts}`],
        ...['-o', `Dir::State::Lists=${lists}`],
      ],
      suite,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The machine's own description of where Debian's packages come from: the stanza of the main archive. */
function debianSource() {
  const file = '/etc/apt/sources.list.d/debian.sources';
  if (!existsSync(file)) return undefined;
  const stanzas = readFileSync(file, 'utf8').split(/\n\s*\n/);
  return stanzas.find((stanza) => /^URIs:.*\/debian\/?$/m.test(stanza));
}

function apt(options, ...args) {
  spawnSync('apt-get', ['-qq', ...options, ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
}

function isInstalled({ command, versions }) {
  if (isOnPath(command)) return true;
  if (versions === undefined || !existsSync(versions)) return false;
  return readdirSync(versions).some((version) =>
    existsSync(join(versions, version, 'bin', command)),
  );
}

function isOnPath(command) {
  const folders = (process.env.PATH ?? '').split(process.platform === 'win32' ? ';' : ':');
  return folders.some((folder) => existsSync(join(folder, command)));
}

function check(name, command, args) {
  heading(name);
  const run = spawnSync(command, args, {
    cwd: root,
    env,
    stdio: 'inherit',
    shell: isScript(command),
  });
  if (run.status === 0) return;
  totals.failed += 1;
  process.stdout.write(`${name} failed${run.error ? `: ${run.error.message}` : ''}\n`);
}

/** On Windows the commands in node_modules/.bin are scripts of its shell. */
function isScript(command) {
  return process.platform === 'win32' && command !== bun;
}

function isBinaryStale() {
  const name = process.platform === 'win32' ? 'inngest.exe' : 'inngest';
  const binary = join(root, 'dist', name);
  const builtMs = existsSync(binary) ? statSync(binary).mtimeMs : 0;
  return sources.some((path) => newestMs(join(root, path)) > builtMs);
}

function newestMs(path) {
  if (!existsSync(path)) return 0;
  const entry = statSync(path);
  if (!entry.isDirectory()) return entry.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newestMs(join(path, name))));
}

/** One run of `bun test` for each folder of test/, and one for the files beside them. */
function testGroups() {
  const entries = readdirSync(join(root, 'test'), { withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && isTest(entry.name));
  const folders = entries.filter((entry) => entry.isDirectory() && !notTests.has(entry.name));
  const groups = folders
    .map(({ name }) => [`./test/${name}/`])
    .filter(([folder]) => readdirSync(join(root, folder), { recursive: true }).some(isTest));
  return files.length > 0 ? [files.map(({ name }) => `./test/${name}`), ...groups] : groups;
}

function isTest(name) {
  return /\.test\.tsx?$/.test(name);
}

async function runTests(paths) {
  heading(paths.join(' '));
  const child = spawn(bun, ['test', '--only-failures', `--timeout=${testTimeoutMs}`, ...paths], {
    cwd: root,
    env,
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  const output = [];
  child.stderr.on('data', (chunk) => {
    output.push(chunk);
    process.stderr.write(chunk);
  });
  const status = await new Promise((ended) => {
    child.on('error', () => ended(1));
    child.on('close', (code) => ended(code ?? 1));
  });
  const { passed, failed } = countsIn(Buffer.concat(output).toString('utf8'));
  totals.passed += passed;
  // A run can fail without a failed test: an error between tests, a file that does not load, a crash.
  totals.failed += status === 0 ? failed : Math.max(failed, 1);
}

/** Reads the ` 12 pass` and ` 1 fail` lines at the end of what `bun test` prints. */
function countsIn(output) {
  const count = (word) => {
    const found = [...output.matchAll(new RegExp(`^\\s*(\\d+) ${word}\\b`, 'gm'))].at(-1);
    return Number(found?.[1] ?? 0);
  };
  return { passed: count('pass'), failed: count('fail') };
}

function heading(text) {
  process.stdout.write(`\n== ${text}\n`);
}
