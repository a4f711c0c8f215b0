/**
 * Finds the documents that a server reads. The first level that has any is taken, levels are not merged: files named
 * explicitly, the working directory, the system's configuration, `INNGEST_CONFIG` (cue-config.md §3.1).
 */
import { join, resolve } from 'node:path';
import {
  documentBytesMax,
  type FileRead,
  readDocumentFile,
  readDocumentFolder,
  readDocumentOnce,
} from './document_file.ts';
import { type Environment, expandEnvironment } from './environment.ts';
import { holdsOptions } from './options_file.ts';
import type { Problem, Source } from './source.ts';

export interface DiscoveryOptions {
  /** Files named by the user, from the working directory. */
  readonly explicit: readonly string[];
  readonly workingDirectory: string;
  readonly env: Environment;
  readonly systemDirectory?: string;
  /** Also pipes may be named: nobody reads them a second time. */
  readonly isReadOnce?: boolean;
}

export type FoundDocuments =
  | {
      readonly ok: true;
      readonly sources: readonly Source[];
      /** What was passed over, for the log. */
      readonly notes: readonly string[];
    }
  | {
      readonly ok: false;
      readonly problems: readonly Problem[];
      /** What could be read, as it was written: lines of it are shown with the problems. */
      readonly sources?: readonly Source[];
    };

export const configVariable = 'INNGEST_CONFIG';
/** In the order in which they are looked for. */
const fileNames = ['inngest.cue', 'inngest.json'] as const;
const folderName = 'inngest';

/** A document before variables are put in. */
interface Written {
  readonly name: string;
  readonly text: string;
}

/** What one level has. */
interface Level {
  readonly documents: readonly Written[];
  readonly notes: readonly string[];
  readonly problems: readonly Problem[];
}

/** Never rejects for what is on disk or in the environment. Every source has its variables put in. */
export async function findDocuments(options: DiscoveryOptions): Promise<FoundDocuments> {
  const notes: string[] = [];
  for (const look of levelsOf(options)) {
    const level = await look();
    const { problems } = level;
    if (problems.length > 0) return { ok: false, problems, sources: level.documents };
    notes.push(...level.notes);
    if (level.documents.length > 0) return withVariables(level.documents, options.env, notes);
  }
  return { ok: true, sources: [], notes };
}

/** Documents with the variables of the environment put in. */
export function withVariables(
  documents: readonly Written[],
  env: Environment,
  notes: readonly string[] = [],
): FoundDocuments {
  const sources: Source[] = [];
  const problems: Problem[] = [];
  for (const { name, text } of documents) {
    const expanded = expandEnvironment(text, env);
    if (!expanded.ok) {
      const placed = expanded.problems.map(({ position, message }) => ({ position, message }));
      problems.push(...placed.map((one) => ({ source: name, path: '', ...one })));
    } else if (expanded.insertions.length === 0) sources.push({ name, text });
    else {
      const { text: complete, insertions } = expanded;
      sources.push({ name, text: complete, written: text, insertions });
    }
  }
  return problems.length > 0
    ? { ok: false, problems, sources: documents }
    : { ok: true, sources, notes };
}

/** Files and folders in which a change may change what is found, while the files are what they are. */
export function watchedPaths(options: DiscoveryOptions): string[] {
  const { explicit, workingDirectory, systemDirectory = '/etc', env } = options;
  if (explicit.length > 0) return explicit.map((path) => resolve(workingDirectory, path));
  const named = pathIn(env[configVariable] ?? '');
  return [
    ...fileNames.map((name) => join(workingDirectory, name)),
    ...fileNames.map((name) => join(systemDirectory, name)),
    join(systemDirectory, folderName),
    ...(named === null ? [] : [resolve(workingDirectory, named)]),
  ];
}

function levelsOf(options: DiscoveryOptions): (() => Promise<Level>)[] {
  const { explicit, workingDirectory, systemDirectory = '/etc', env, isReadOnce } = options;
  if (explicit.length > 0) {
    const readNamed = isReadOnce ? readDocumentOnce : readDocumentFile;
    return [() => explicitLevel(explicit, workingDirectory, readNamed)];
  }
  return [
    () => workingLevel(workingDirectory),
    () => systemLevel(systemDirectory),
    () => variableLevel(env[configVariable] ?? '', workingDirectory),
  ];
}

async function explicitLevel(
  paths: readonly string[],
  folder: string,
  readNamed: (path: string) => Promise<FileRead<string>>,
): Promise<Level> {
  const byPlace = new Map(paths.map((path) => [resolve(folder, path), path]));
  const levels = [...byPlace].map(async ([place, name]): Promise<Level> => {
    const read = await readNamed(place);
    if (read.kind === 'missing') return problem(name, 'there is no such file');
    if (read.kind === 'refused') return problem(name, read.reason);
    if (holdsOptions(read.found)) {
      return problem(
        name,
        'holds options of the Inngest CLI, not functions: give them as flags or INNGEST_ variables',
      );
    }
    return { ...nothing, documents: [{ name, text: read.found }] };
  });
  return together(await Promise.all(levels));
}

async function workingLevel(folder: string): Promise<Level> {
  const [cue, json] = fileNames;
  const first = await searched(join(folder, cue), cue);
  const second = await searched(join(folder, json), json);
  if (first.documents.length === 0 && first.problems.length === 0) return second;
  if (second.documents.length === 0) return first;
  return { ...first, notes: [`${json} is not read, since there is ${cue}`] };
}

async function systemLevel(folder: string): Promise<Level> {
  const inFolder = join(folder, folderName);
  const listed = await readDocumentFolder(inFolder);
  if (listed.kind === 'refused') return problem(inFolder, listed.reason);
  const paths = [
    ...fileNames.map((name) => join(folder, name)),
    ...(listed.kind === 'found' ? listed.found.map((name) => join(inFolder, name)) : []),
  ];
  const levels: Level[] = [];
  for (const path of paths) levels.push(await searched(path, path));
  return together(levels);
}

/** The variable's value is content, or the path of a file; it may be secret and is never repeated. */
async function variableLevel(value: string, folder: string): Promise<Level> {
  if (value.trim() === '') return nothing;
  const path = pathIn(value);
  if (path !== null) {
    if (/\.ya?ml$/i.test(path)) return optionsNote(`${configVariable} names a YAML file, which`);
    const read = await readDocumentFile(resolve(folder, path));
    if (read.kind === 'found') {
      return documentOrOptions(path, read.found, `${configVariable} names ${path}, which`);
    }
    const isPath = /\.(cue|json)$/i.test(path);
    if (read.kind === 'missing' && isPath) {
      return problem(configVariable, 'names a file that does not exist');
    }
    if (read.kind === 'refused' && (isPath || !/[\s:]/.test(path))) {
      return problem(configVariable, `names something that ${read.reason}`);
    }
  }
  if (Buffer.byteLength(value) > documentBytesMax) {
    return problem(configVariable, 'is larger than 1 MiB: use files');
  }
  return documentOrOptions(configVariable, value.replace(/^\u{feff}/u, ''));
}

/** Content has braces or several lines, and mostly both. */
function pathIn(value: string): string | null {
  const path = value.trim();
  return path === '' || /[\n\r{]/.test(path) || path.length > pathCharsMax ? null : path;
}

/** As long as paths may be on Linux. */
const pathCharsMax = 4_096;

/** A file that need not be there. */
async function searched(path: string, name: string): Promise<Level> {
  const read: FileRead<string> = await readDocumentFile(path);
  if (read.kind === 'missing') return nothing;
  if (read.kind === 'refused') return problem(name, read.reason);
  return documentOrOptions(name, read.found);
}

/** `subject`: what is said to hold options, if it does. */
function documentOrOptions(name: string, text: string, subject = name): Level {
  if (holdsOptions(text)) return optionsNote(subject);
  return { ...nothing, documents: [{ name, text }] };
}

const nothing: Level = { documents: [], notes: [], problems: [] };

function optionsNote(subject: string): Level {
  const note = `${subject} holds options of the Inngest CLI and is not read: give them as flags or INNGEST_ variables`;
  return { ...nothing, notes: [note] };
}

function problem(source: string, message: string): Level {
  return { ...nothing, problems: [{ source, path: '', position: null, message }] };
}

function together(levels: readonly Level[]): Level {
  return {
    documents: levels.flatMap(({ documents }) => documents),
    notes: levels.flatMap(({ notes }) => notes),
    problems: levels.flatMap(({ problems }) => problems),
  };
}
