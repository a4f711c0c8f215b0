/** Keeps the house rules of design §2 and style.md: which way imports point, how files are named, what no source says. */
import { expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';

const root = resolve(import.meta.dir, '..');
const src = join(root, 'src');

/** Rooms from the ground up. A file imports from its own level and from those below it. */
const levels: readonly (readonly string[])[] = [
  ['lib'],
  ['store'],
  ['event', 'expression', 'function', 'config'],
  ['history', 'trace', 'metrics', 'realtime'],
  ['queue', 'state', 'pause', 'flow'],
  ['driver'],
  ['executor'],
  ['runner'],
  ['api', 'gateway', 'ui'],
  ['server', 'server.ts'],
  ['cli'],
  ['main.ts'],
];
/** Definitions and pure decisions: what they know cannot depend on where things are kept. */
const pureRooms = new Set(['event', 'expression', 'function', 'config']);
/** Facts about the program that the composition root reads too; they count as lib. */
const contracts = new Set(['cli/settings.ts', 'cli/version.ts']);

const forbiddenNames = /^(utils?|helpers?|common|misc|types?|manager)$/;
const forbiddenText: readonly { readonly rule: string; readonly pattern: RegExp }[] = [
  { rule: 'the type any', pattern: /(:\s*|\bas\s+|<)any\b(?=\s*[;,)>=\]|[]|\s*$)/ },
  { rule: 'a silenced compiler', pattern: /@ts-(ignore|nocheck)/ },
  { rule: 'an unfinished thought', pattern: /\b(TODO|FIXME)\b/ },
];

interface Source {
  /** Below the folder it was read from, with `/`. */
  readonly path: string;
  readonly text: string;
}

function readSources(folder: string, extension: string): Source[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith(extension))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(folder, path), 'utf8') }));
}

const sources = [...readSources(src, '.ts'), ...readSources(src, '.tsx')];
const scripts = readSources(join(root, 'lua'), '.lua');

/** The files of src/ that one of them imports in any way: for values, for types, later, or as a worker. */
function importsOf({ path, text }: Source): string[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  const forms = [
    /\b(?:import|export)\b[^'";]*?\bfrom\s*['"](\.[^'"]+)['"]/g,
    /\bimport\s*\(?\s*['"](\.[^'"]+)['"]/g,
    /\bnew URL\(\s*['"](\.[^'"]+)['"]\s*,\s*import\.meta\.url/g,
  ];
  const found = forms.flatMap((form) => [...code.matchAll(form)].map((match) => match[1] ?? ''));
  return [...new Set(found)]
    .map((name) => relative(src, resolve(src, dirname(path), name)).replaceAll('\\', '/'))
    .filter((name) => !name.startsWith('..'));
}

function roomOf(path: string): string {
  return path.split('/')[0] ?? path;
}

function levelOf(path: string): number {
  if (contracts.has(path)) return 0;
  return levels.findIndex((rooms) => rooms.includes(roomOf(path)));
}

function upwardImports(source: Source): string[] {
  const { path } = source;
  const level = levelOf(path);
  if (level < 0) return [`${path}: src/ has no room called ${roomOf(path)}`];
  return importsOf(source).flatMap((imported) => {
    if (levelOf(imported) > level) return [`${path} imports ${imported}, which lies above it`];
    if (pureRooms.has(roomOf(path)) && roomOf(imported) === 'store') {
      return [`${path} imports ${imported}: ${roomOf(path)}/ is pure`];
    }
    return [];
  });
}

/** Every import cycle once, as `a -> b -> a`. */
function importCycles(files: readonly Source[]): string[] {
  const graph = new Map(files.map((file) => [file.path, importsOf(file)]));
  const finished = new Set<string>();
  const trail: string[] = [];
  const cycles: string[] = [];
  const visit = (path: string): void => {
    const start = trail.indexOf(path);
    if (start >= 0) cycles.push([...trail.slice(start), path].join(' -> '));
    if (start >= 0 || finished.has(path)) return;
    trail.push(path);
    for (const imported of graph.get(path) ?? []) visit(imported);
    trail.pop();
    finished.add(path);
  };
  for (const path of graph.keys()) visit(path);
  return cycles;
}

/** Waiting for the disk for the sake of others happens in one place, so that no way out can forget it. */
const gateOfTheStore = new Set(['store/outward.ts', 'store/patient_store.ts']);

function waitsForDisk({ path, text }: Source): string[] {
  if (gateOfTheStore.has(path) || path.startsWith('store/embedded/')) return [];
  return /\bstore\b[^\n]*\.settled\(/.test(text)
    ? [`${path} waits for the disk itself: use outward`]
    : [];
}

function forbiddenLines(folder: string, { path, text }: Source): string[] {
  return text
    .split('\n')
    .flatMap((line, index) =>
      forbiddenText
        .filter(({ pattern }) => pattern.test(line))
        .map(({ rule }) => `${folder}/${path}:${index + 1} has ${rule}: ${line.trim()}`),
    );
}

/** The comment a Lua file opens with, or '' when it opens with something else. */
function headOf(text: string): string {
  const block = /^\s*--\[\[([\s\S]*?)\]\]/.exec(text);
  return block?.[1] ?? /^\s*(?:--(?!\[\[).*(?:\n|$))+/.exec(text)?.[0] ?? '';
}

function missingInHead({ path, text }: Source): string[] {
  const head = headOf(text);
  const wanted = path.startsWith('lib/')
    ? [{ what: 'a comment', pattern: /\w{3}/ }]
    : [
        { what: 'KEYS', pattern: /\bKEYS\b/ },
        { what: 'ARGV', pattern: /\bARGV\b/ },
        { what: 'what it returns', pattern: /\b(return(s|ed)?|repl(y|ies)|answers?|codes?)\b/i },
      ];
  const missing = wanted.filter(({ pattern }) => !pattern.test(head)).map(({ what }) => what);
  return missing.length > 0 ? [`lua/${path}: its head lacks ${missing.join(', ')}`] : [];
}

interface Size {
  readonly name: string;
  readonly lines: number;
}

const functionHead =
  /^(\s*)(?:export )?(?:default )?(?:(?:public|private|protected|static|override|async|get|set) )*(?:function\*? (\w+)|(?:const|let) (\w+)(?=[^;]*(?:=>|\($))|(constructor|#?\w+)(?=(?:<.*>)?\())/;
const notFunctions = new Set(['if', 'for', 'while', 'switch', 'catch', 'return', 'await', 'throw']);

/**
 * Functions by their layout: the formatter puts a function's last brace on a line of its own, indented as the
 * line that begins it. A call that takes a function ends in `);` and is not counted.
 */
function functionsIn({ path, text }: Source): Size[] {
  const lines = text.split('\n');
  return lines.flatMap((line, first) => {
    const head = functionHead.exec(line);
    const name = head?.[2] ?? head?.[3] ?? head?.[4];
    const indent = head?.[1] ?? '';
    if (!name || notFunctions.has(name) || /[;},]$/.test(line)) return [];
    const length = lines
      .slice(first + 1)
      .findIndex(
        (later) =>
          later.startsWith(indent) &&
          /^[^\s]/.test(later.slice(indent.length)) &&
          !/^\)/.test(later.slice(indent.length)),
      );
    const last = lines[first + 1 + length]?.slice(indent.length) ?? '';
    if (length < 0 || !/^\}[,;]?$/.test(last)) return [];
    return [{ name: `${path} ${name}`, lines: length + 2 }];
  });
}

function sizeReport(title: string, sizes: readonly Size[]): string {
  const sorted = [...sizes].sort((left, right) => right.lines - left.lines);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * (1 - share)))]?.lines ?? 0;
  const longest = sorted
    .slice(0, 10)
    .map(({ name, lines }) => `  ${String(lines).padStart(5)}  ${name}`);
  const head = `${title}: ${sizes.length}, median ${at(0.5)} lines, p90 ${at(0.9)}; the longest:`;
  return [head, ...longest].join('\n');
}

test('what goes outside waits for the disk in one place', () => {
  expect(sources.flatMap(waitsForDisk)).toEqual([]);
});

test('imports in src/ point downwards', () => {
  expect(sources.flatMap(upwardImports)).toEqual([]);
});

test('imports in src/ form no cycle', () => {
  expect(importCycles(sources)).toEqual([]);
});

test('files are named for what they hold', () => {
  const badlyNamed = [...sources, ...scripts]
    .map(({ path }) => path)
    .filter((path) =>
      path.split('/').some((part) => forbiddenNames.test(basename(part).split('.')[0] ?? '')),
    );
  expect(badlyNamed).toEqual([]);
});

test('no source escapes the compiler or leaves work for later', () => {
  const lines = [
    ...sources.flatMap((source) => forbiddenLines('src', source)),
    ...scripts.flatMap((script) => forbiddenLines('lua', script)),
  ];
  expect(lines).toEqual([]);
});

test('a Lua script opens with its KEYS, ARGV and return codes', () => {
  expect(scripts.flatMap(missingInHead)).toEqual([]);
});

test('a worker has a name of its own', () => {
  // The binary keeps all workers in one folder (build.ts).
  const names = sources
    .map(({ path }) => basename(path))
    .filter((name) => name.endsWith('_worker.ts'));
  expect(names).toEqual([...new Set(names)]);
});

test('the scan for imports sees every form of them', () => {
  const text = [
    "import { a } from './a.ts';",
    "import type { B } from '../store/b.ts';",
    "export { c } from './c.ts';",
    "import './d.ts';",
    "const e = await import('./e.ts');",
    "new Worker(new URL('./f_worker.ts', import.meta.url));",
    "import zod from 'zod';",
    "// import './g.ts';",
  ].join('\n');
  expect(importsOf({ path: 'lib/x.ts', text })).toEqual([
    'lib/a.ts',
    'store/b.ts',
    'lib/c.ts',
    'lib/d.ts',
    'lib/e.ts',
    'lib/f_worker.ts',
  ]);
});

test('a cycle is found and an upward import is named', () => {
  const low = { path: 'lib/low.ts', text: "import { x } from '../store/high.ts';" };
  const high = { path: 'store/high.ts', text: "import { y } from '../lib/low.ts';" };
  expect(importCycles([low, high])).toEqual(['lib/low.ts -> store/high.ts -> lib/low.ts']);
  expect(upwardImports(low)).toEqual(['lib/low.ts imports store/high.ts, which lies above it']);
});

test('file and function sizes are reported', () => {
  const lineCount = (text: string): number => text.trimEnd().split('\n').length;
  const files = [
    ...sources.map(({ path, text }) => ({ name: `src/${path}`, lines: lineCount(text) })),
    ...scripts.map(({ path, text }) => ({ name: `lua/${path}`, lines: lineCount(text) })),
  ];
  const functions = sources.flatMap(functionsIn);
  process.stdout.write(`${sizeReport('Files', files)}\n\n${sizeReport('Functions', functions)}\n`);
  expect(functions.length).toBeGreaterThan(0);
});
