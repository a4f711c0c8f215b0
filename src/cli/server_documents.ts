/** The documents of `inngest dev` and `inngest start`: found and read before the server is, and again while it runs. */
import { configVariable, type DiscoveryOptions, watchedPaths } from '../config/discovery.ts';
import { DocumentLoader } from '../config/document_loader.ts';
import type { DocumentsOptions, Reloaded } from '../config/reload.ts';
import type { Logger } from '../lib/logger.ts';
import type { ServerCommand } from './command_name.ts';
import type { DocumentPlaces, Surroundings } from './settings_reader.ts';

type Loaded = Extract<Reloaded, { readonly outcome: 'loaded' }>;
type Refused = Extract<Reloaded, { readonly outcome: 'refused' }>;

export interface ServerDocuments extends Loaded {
  readonly options: DocumentsOptions;
}

/** Never rejects for what documents say. */
export async function readDocuments(
  command: ServerCommand,
  { files, cacheDir }: DocumentPlaces,
  {
    env,
    workingDirectory,
    listen,
  }: Pick<Surroundings, 'env' | 'workingDirectory'> & Pick<DocumentsOptions, 'listen'>,
): Promise<ServerDocuments | Refused> {
  const discovery: DiscoveryOptions = { explicit: files, workingDirectory, env };
  const loader = new DocumentLoader({ discovery, cacheDir });
  const first = await loader.load();
  if (first.outcome === 'refused') return first;
  if (first.outcome === 'unchanged') throw new Error('documents cannot be unchanged at first');
  return {
    ...first,
    options: {
      initial: first.documents,
      reload: (signal) => loader.load(signal),
      forget: () => loader.forget(),
      // Others have their files put in place by machines, which say when they are done.
      watchPaths: command === 'dev' ? watchedPaths(discovery) : [],
      listen,
    },
  };
}

/** Says what a server that starts has read. */
export async function announceDocuments(
  { documents, notes }: ServerDocuments,
  log: Logger,
): Promise<void> {
  for (const note of notes) log.warn(note);
  const { sources, functions, warnings } = documents;
  if (sources.length === 0) return;
  const { problemLine } = await import('../config/report.ts');
  for (const warning of warnings) log.warn(problemLine(warning));
  log.info('documents were read', { sources, functions: functions.length });
}

/** The report for a server that cannot start. */
export async function refusalText(
  { problems, sources, notes }: Refused,
  hasColor: boolean,
): Promise<string> {
  const { problemsText } = await import('../config/report.ts');
  const noted = notes.map((note) => `note: ${note}\n`).join('');
  // Lines of the variable are not shown: it may hold what files are kept from.
  const shown = sources.filter(({ name }) => name !== configVariable);
  return noted + problemsText(problems, { sources: shown, hasColor });
}
