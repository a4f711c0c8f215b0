/**
 * What every command needs first, on a machine that has only Node and npm: the packages, and a Bun that
 * runs. Plain Node, no packages of its own.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const modules = join(root, 'node_modules');
/** The `bun` package ships a note of a few lines in place of the executable until it is set up. */
const placeholderBytesMax = 1_000_000;

/** Installs what is missing or out of date. Returns the path of Bun. Ends the process when it cannot. */
export function setUp() {
  installPackages();
  return findBun();
}

/** The environment in which the packages' commands, and `bun` itself, are found by name. */
export function environment(bun) {
  const path = [join(modules, '.bin'), dirname(bun), process.env.PATH ?? ''].join(delimiter);
  return { ...process.env, PATH: path };
}

export function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

function installPackages() {
  if (existsSync(join(modules, '.package-lock.json')) && !isOutdated()) return;
  process.stdout.write('Installing packages...\n');
  // `install` and not `ci`: ci takes the packages away from whatever is running on them, and refuses a lock
  // file that lacks builds for other systems, as npm writes it when a registry does not have them.
  // Versions come from the lock file either way, and --no-save leaves it as it is.
  npm('install', '--no-save', '--include=dev', '--include=optional', '--no-fund', '--no-audit');
}

/** Whether a package is missing, or in another version than the lock file says. */
function isOutdated() {
  const wanted = packagesOf(join(root, 'package-lock.json'));
  const installed = packagesOf(join(modules, '.package-lock.json'));
  return Object.entries(wanted).some(
    ([path, { version, optional }]) =>
      path !== '' && !optional && installed[path]?.version !== version,
  );
}

function packagesOf(lockFile) {
  return JSON.parse(readFileSync(lockFile, 'utf8')).packages ?? {};
}

function npm(...args) {
  // Under `npm run`, npm tells where it is; that works where `npm` itself is a script of the shell.
  const self = process.env.npm_execpath;
  const isNpm = self !== undefined && /npm-cli\.c?js$/.test(self);
  const run = isNpm
    ? spawnSync(process.execPath, [self, ...args], { cwd: root, stdio: 'inherit' })
    : spawnSync('npm', args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' });
  if (run.status !== 0) fail(`npm ${args[0]} failed: see its messages above, then try again`);
}

function findBun() {
  const version = JSON.parse(readFileSync(join(modules, 'bun', 'package.json'), 'utf8')).version;
  const placed = join(modules, 'bun', 'bin', 'bun.exe');
  // npm may refuse to run the package's own set-up; then it is done here, so that `bun` works by name.
  if (!isExecutable(placed))
    spawnSync(process.execPath, ['install.js'], { cwd: join(modules, 'bun') });
  const found = [placed, ...platformBuilds()].find((path) => runs(path, version));
  return (
    found ??
    fail(
      `Bun ${version} does not run on this machine (${process.platform} ${process.arch}): delete node_modules and try again`,
    )
  );
}

/** Executables of the platform packages; without AVX2 the baseline builds come first. */
function platformBuilds() {
  const scope = join(modules, '@oven');
  if (!existsSync(scope)) return [];
  const rank = (name) => (name.includes('baseline') === hasAvx2() ? 1 : 0);
  return readdirSync(scope)
    .sort((left, right) => rank(left) - rank(right))
    .map((name) => join(scope, name, 'bin', process.platform === 'win32' ? 'bun.exe' : 'bun'))
    .filter(isExecutable);
}

function hasAvx2() {
  if (process.platform !== 'linux' || process.arch !== 'x64') return true;
  return /\bavx2\b/.test(readFileSync('/proc/cpuinfo', 'utf8'));
}

function isExecutable(path) {
  return existsSync(path) && statSync(path).size > placeholderBytesMax;
}

function runs(path, version) {
  const run = spawnSync(path, ['--version'], { encoding: 'utf8' });
  return run.status === 0 && run.stdout.trim() === version;
}
