/** What `validate` and `eval` begin with: the documents that were named or found, checked as a server checks them. */
import { resolve } from 'node:path';
import { createEvaluator } from '../config/cue/cue_evaluator.ts';
import { configVariable, findDocuments } from '../config/discovery.ts';
import { type LoadedDocuments, loadDocuments } from '../config/documents.ts';
import type { Evaluator } from '../config/evaluator.ts';
import { problemsText } from '../config/report.ts';
import type { Evaluated, Problem, Source } from '../config/source.ts';
import { hasColors } from '../lib/logger.ts';
import { type FlagReader, notEmpty } from './flag_reader.ts';
import { errorLine } from './output.ts';
import { readStandardInput, standardInput, unlessAborted } from './standard_input.ts';

export interface Checked {
  readonly sources: readonly Source[];
  readonly loaded: LoadedDocuments;
  /** What CUE made of the documents; complete when they are valid. */
  readonly evaluated: readonly Evaluated[];
  /** What was passed over in the search. */
  readonly notes: readonly string[];
}

/** Throws `UsageError` at once, and rejects when `signal` aborts. */
export function checkDocuments(
  read: FlagReader,
  words: readonly string[],
): (signal: AbortSignal) => Promise<Checked> {
  const named = [...words, ...(words.length > 0 ? [] : read.list('functions', notEmpty))];
  const dataDir = read.one('data-dir', notEmpty, null);
  return async (signal) => {
    const found = await findSources(named, signal);
    if (!found.ok) {
      const { problems, sources = [] } = found;
      return { sources, loaded: { ok: false, problems }, evaluated: [], notes: [] };
    }
    const { sources } = found;
    const notes = [...found.notes];
    if (sources.length === 0) {
      return { sources, loaded: { ok: false, problems: [absence(notes)] }, evaluated: [], notes };
    }
    const evaluated: Evaluated[] = [];
    const cacheDir = dataDir === null ? null : resolve(dataDir);
    const evaluator = overheard(
      createEvaluator({ cacheDir, warn: (note) => notes.push(note) }),
      evaluated,
    );
    return { sources, loaded: await loadDocuments(sources, evaluator, signal), evaluated, notes };
  };
}

/** Those of a server that is started here with these files. */
async function findSources(named: readonly string[], signal: AbortSignal) {
  const explicit = named.filter((name) => name !== standardInput);
  const place = { workingDirectory: process.cwd(), env: process.env, explicit, isReadOnce: true };
  const find = () => unlessAborted(findDocuments(place), signal);
  if (explicit.length === named.length) return find();
  const typed = await readStandardInput(process.env, signal);
  if (explicit.length === 0) return typed;
  const found = await find();
  if (found.ok && typed.ok) return { ...found, sources: [...found.sources, ...typed.sources] };
  return {
    ok: false as const,
    problems: [found, typed].flatMap((one) => (one.ok ? [] : one.problems)),
    sources: [found, typed].flatMap(({ sources = [] }) => sources),
  };
}

/** Where documents were looked for, and what was there instead. */
function absence(notes: readonly string[]): Problem {
  const value = process.env[configVariable];
  const unset = value === undefined ? 'is not set' : 'is empty';
  const variable = (value ?? '').trim() === '' ? `, and ${configVariable} ${unset}` : '';
  const folder = process.cwd();
  const found =
    notes.length === 0
      ? `neither inngest.cue nor inngest.json is in ${folder} or in /etc, no document is in /etc/inngest${variable}`
      : `${notes.join('; ')}. Nothing else is in ${folder}, in /etc or in /etc/inngest${variable}`;
  const advice = "Name a file, or write a first one with 'inngest init'";
  const message = `no document was found: ${found}. ${advice}`;
  return { source: '', path: '', position: null, message };
}

/** Keeps what the documents come to. */
function overheard(evaluator: Evaluator, evaluated: Evaluated[]): Evaluator {
  return {
    async evaluate(sources, signal) {
      const evaluations = await evaluator.evaluate(sources, signal);
      evaluated.push(...evaluations.flatMap((one) => (one.ok ? [one] : [])));
      return evaluations;
    },
    locate: (requests, signal) => evaluator.locate(requests, signal),
  };
}

/** A problem for programs; `line` and `column` are null when its place is not known. */
export function problemJson({ source, path, position, message }: Problem) {
  return { source, path, line: position?.line ?? null, column: position?.column ?? null, message };
}

/** What goes to stderr: problems or warnings, each with its line. */
export function notesText({ loaded, sources: read, notes }: Checked): string {
  // What is in a variable is not repeated line by line.
  const sources = read.filter(({ name }) => name !== configVariable);
  const hasColor = hasColors(process.stderr, process.env);
  const noted = notes.map((note) => `note: ${note}\n`).join('');
  const [first] = loaded.ok ? [] : loaded.problems;
  // Of no document: that there is none, and what was passed over.
  if (first?.source === '') return errorLine(first.message);
  return loaded.ok
    ? noted + problemsText(loaded.warnings, { sources, hasColor, kind: 'warning' })
    : noted + problemsText(loaded.problems, { sources, hasColor, notes: loaded.notes ?? [] });
}
