/** `inngest eval [FILE...]`. */
import { wishedConfig } from '../config/service_wish.ts';
import type { Evaluated } from '../config/source.ts';
import { type Checked, checkDocuments, notesText, problemJson } from './checked_documents.ts';
import { flagReader, switchOn } from './flag_reader.ts';
import { maskedConfig, maskedFunction } from './secret_mask.ts';
import type { GivenWork, Outcome, Work } from './work_command.ts';

/** Throws `UsageError`. */
export function evalCommand({ given, words }: GivenWork): Work {
  const read = flagReader('eval', given, process.env);
  const areSecretsShown = read.one('show-secrets', switchOn, false);
  const check = checkDocuments(read, words);
  return {
    isJson: read.one('json', switchOn, false),
    run: async ({ signal }) => outcomeOf(await check(signal), areSecretsShown),
  };
}

function outcomeOf(checked: Checked, areSecretsShown: boolean): Outcome {
  const { loaded, evaluated } = checked;
  const notes = notesText(checked);
  if (!loaded.ok) {
    const sources = checked.sources.map(({ name }) => name);
    const problems = loaded.problems.map(problemJson);
    return { json: { valid: false, sources, problems }, text: '', notes, exitCode: 1 };
  }
  const json = definitions(evaluated, areSecretsShown);
  return { json, text: documentText(json, process.stdout.isTTY === true), notes };
}

/** What the documents say together, as one document. */
function definitions(
  evaluated: readonly Evaluated[],
  areSecretsShown: boolean,
): Readonly<Record<string, unknown>> {
  const functions = evaluated.flatMap(({ value }) => [
    ...(isObject(value.function) ? [[String(value.function.id), value.function] as const] : []),
    ...(isObject(value.functions) ? Object.entries(value.functions) : []),
  ]);
  // The server's own defaults are not the schema's: read again, those would be taken for wishes.
  const configs = evaluated.map(wishedConfig).filter((config) => config !== null);
  return {
    functions: Object.fromEntries(
      functions.map(([id, one]) => [id, areSecretsShown ? one : maskedFunction(one)]),
    ),
    ...configs
      .map((config) => ({ config: areSecretsShown ? config : maskedConfig(config) }))
      .at(-1),
  };
}

/** A dollar that would name a variable of the environment is escaped, so that the output is a document like the input. */
function documentText(document: Readonly<Record<string, unknown>>, isPretty: boolean): string {
  const text = JSON.stringify(document, null, isPretty ? 2 : undefined);
  return `${text.replace(/\$(?=\{?_*[A-Z])/g, '\\u0024')}\n`;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
