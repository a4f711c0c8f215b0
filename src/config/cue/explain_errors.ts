/** Runs CUE over one document until everything that it can say of it is said. */
import { moduleFiles } from './cli_module.ts';
import { plainForm, requiredForm } from './cli_schema_forms.ts';
import { CliError, type CliSession } from './cli_session.ts';
import { isDisjunction, withoutDisjunctions } from './explain_disjunction.ts';
import { meantField, refusedField } from './explain_field_advice.ts';
import { isSamePath, startsWith } from './explain_path.ts';
import { type PrintedError, readErrors } from './explain_print.ts';
import type { PreparedDocument } from './prepared_document.ts';

/** None for a document that CUE accepts. */
export async function errorsOf(
  session: CliSession,
  document: PreparedDocument,
): Promise<PrintedError[]> {
  const vetted = await check(session, document, 'vet');
  // What is complete may still be no data.
  if (vetted.length === 0) return check(session, document, 'export');
  if (!isEvaluated(vetted)) return withoutAftermath(vetted);
  const told = withoutDisjunctions(await withPlainReasons(session, document, vetted));
  return withoutMisspelt([...told, ...(await missing(session, document, told))]);
}

/**
 * Go's reader of files has its own words for what CUE found in them; and a reader that has lost its way misses the ends
 * of what was opened before.
 */
function withoutAftermath(errors: readonly PrintedError[]): PrintedError[] {
  const placed = errors.filter(({ places }) => places.length > 0);
  if (placed.length === 0) return [...errors];
  const [first, ...others] = placed;
  const isSyntax = first !== undefined && syntax.test(first.message);
  return isSyntax ? [first, ...others.filter(({ message }) => !aftermath.test(message))] : placed;
}

const syntax = /^(?:missing|expected|illegal|string literal|use of deprecated|unexpected)/;
const aftermath =
  /found 'EOF'$|^missing ','(?: before newline)? in list literal$|^reference ".*" not found$/;

/** What was said already is not given up because more would take too much. */
async function checkAgain(
  session: CliSession,
  document: PreparedDocument,
  form: (schema: string) => string,
): Promise<PrintedError[]> {
  try {
    return await check(session, document, 'vet', form);
  } catch (error) {
    if (error instanceof CliError) return [];
    throw error;
  }
}

async function check(
  session: CliSession,
  document: PreparedDocument,
  command: 'vet' | 'export',
  form?: (schema: string) => string,
): Promise<PrintedError[]> {
  const files = new Map([...moduleFiles(form), ...document.cliFiles]);
  const flags = command === 'vet' ? ['--concrete', '--all-errors'] : ['--all-errors'];
  const argv = [command, ...flags, ...document.cliFiles.keys()];
  const { code, stderr } = await session.run({ files, argv });
  return code === 0 ? [] : readErrors(stderr);
}

/** A document that cannot be read, or names what does not exist, is the same with every form of the schema. */
function isEvaluated(errors: readonly PrintedError[]): boolean {
  return errors.some(({ path }) => path.length > 0);
}

/** Why a value has none of its forms is clearer where defaults are no forms. */
async function withPlainReasons(
  session: CliSession,
  document: PreparedDocument,
  errors: readonly PrintedError[],
): Promise<PrintedError[]> {
  const choices = errors.filter(isDisjunction);
  if (choices.length === 0) return [...errors];
  const plain = await checkAgain(session, document, plainForm);
  const reasons = choices.map(({ path }) =>
    plain.filter((error) => startsWith(error.path, path) && !isIncomplete(error)),
  );
  const isReplaced = ({ path }: PrintedError) =>
    choices.some((choice, index) => reasons[index]?.length && startsWith(path, choice.path));
  return [...new Set([...errors.filter((error) => !isReplaced(error)), ...reasons.flat()])];
}

/** What CUE keeps for itself while there are conflicts. */
async function missing(
  session: CliSession,
  document: PreparedDocument,
  told: readonly PrintedError[],
): Promise<PrintedError[]> {
  if (told.every(isIncomplete)) return [];
  const errors = await checkAgain(session, document, requiredForm);
  return errors
    .filter((error) => error.message === 'incomplete value _')
    .filter(({ path }) => !told.some((error) => isSamePath(error.path, path)))
    .map((error) => ({ ...error, message: 'incomplete value: it is missing' }));
}

/** A field that is there under a mistyped name is not missing too. */
function withoutMisspelt(errors: readonly PrintedError[]): PrintedError[] {
  const misspelt = errors.flatMap(({ path, message }) => {
    const name = refusedField(message);
    const meant = name === null ? null : meantField(path, name);
    return meant === null ? [] : [[...path, meant]];
  });
  return errors.filter(
    (error) => !(isIncomplete(error) && misspelt.some((path) => isSamePath(error.path, path))),
  );
}

function isIncomplete({ message, places }: PrintedError): boolean {
  return places.length === 0 && message.startsWith('incomplete value');
}
