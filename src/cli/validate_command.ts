/** `inngest validate [FILE...]`. */
import type { Documents } from '../config/documents.ts';
import { counted } from '../config/report.ts';
import type { Trigger } from '../function/definition.ts';
import { documentApp } from '../function/document_app.ts';
import type { DeclaredFunction } from '../function/registration.ts';
import { hasColors } from '../lib/logger.ts';
import { type Checked, checkDocuments, notesText, problemJson } from './checked_documents.ts';
import { flagReader, switchOn } from './flag_reader.ts';
import { tableText } from './output.ts';
import { maskedFunction } from './secret_mask.ts';
import type { GivenWork, Outcome, Work } from './work_command.ts';

const triggerCharsMax = 60;
/** More files than this are counted, not named. */
const namesShownMax = 3;

/** Throws `UsageError`. */
export function validateCommand({ given, words }: GivenWork): Work {
  const read = flagReader('validate', given, process.env);
  const check = checkDocuments(read, words);
  return {
    isJson: read.one('json', switchOn, false),
    run: async ({ signal }) => outcomeOf(await check(signal)),
  };
}

function outcomeOf(checked: Checked): Outcome {
  const { loaded, notes } = checked;
  const unchecked = loaded.ok ? [] : (loaded.notes ?? []);
  const sources = checked.sources.map(({ name }) => name);
  const functions = loaded.ok ? loaded.functions.map(functionJson) : [];
  const problems = loaded.ok ? [] : loaded.problems.map(problemJson);
  const warnings = loaded.ok ? loaded.warnings.map(problemJson) : [];
  return {
    json: {
      valid: loaded.ok,
      sources,
      functions,
      problems,
      warnings,
      notes: [...notes, ...unchecked],
    },
    text: loaded.ok ? successText(loaded, sources) : '',
    notes: notesText(checked),
    exitCode: loaded.ok ? 0 : 1,
  };
}

function functionJson(declared: DeclaredFunction): Readonly<Record<string, unknown>> {
  const { slug, name, triggers, dag } = declared;
  const steps = maskedFunction(dag?.steps ?? []);
  return { id: idOf(declared), name, slug, triggers, steps };
}

function successText({ functions, service }: Documents, names: readonly string[]): string {
  const tick = hasColors(process.stdout, process.env) ? '\x1b[32m✓\x1b[0m' : '✓';
  const place = names.length > namesShownMax ? counted(names.length, 'file') : names.join(', ');
  const found = [
    ...(functions.length > 0 || service === null ? [counted(functions.length, 'function')] : []),
    ...(service === null ? [] : ['settings of the server']),
  ];
  const rows = functions.map((declared) => [
    idOf(declared),
    clipped(declared.triggers.map(triggerText).join(', ')),
    counted(declared.dag?.steps.length ?? 0, 'step'),
  ]);
  return `${tick} ${found.join(' and ')} in ${place}\n${rows.length === 0 ? '' : tableText(rows)}`;
}

function idOf({ slug }: DeclaredFunction): string {
  return slug.slice(`${documentApp}-`.length);
}

function clipped(text: string): string {
  return text.length > triggerCharsMax ? `${text.slice(0, triggerCharsMax - 1)}…` : text;
}

function triggerText(trigger: Trigger): string {
  if ('cron' in trigger) return `cron ${trigger.cron}`;
  return trigger.expression === undefined
    ? trigger.event
    : `${trigger.event} if ${trigger.expression}`;
}
