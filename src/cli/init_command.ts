/** `inngest init [FILE]`. */
import { existsSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { basename, dirname, extname, join, relative, resolve } from 'node:path';
import { type StarterFormat, starterEvent, starterOrigin, starterText } from '../config/starter.ts';
import { flagReader, switchOn } from './flag_reader.ts';
import { defaultPort } from './settings_reader.ts';
import { UsageError } from './usage_error.ts';
import type { GivenWork, Outcome, Work } from './work_command.ts';

const defaultFile = 'inngest.cue';
/** What a server finds in its folder without being told; the first one that exists. */
const foundFiles = ['inngest.cue', 'inngest.json'] as const;

/** Throws `UsageError`. */
export function initCommand({ given, words }: GivenWork): Work {
  const read = flagReader('init', given, process.env);
  const isForced = read.one('force', switchOn, false);
  const file = resolve(words[0] ?? defaultFile);
  const format = formatOf(words[0] ?? defaultFile);
  return {
    isJson: read.one('json', switchOn, false),
    async run() {
      await writeStarter(file, starterText(format), isForced);
      return outcomeOf(file, format);
    },
  };
}

function formatOf(file: string): StarterFormat {
  const extension = extname(file);
  if (extension === '.cue') return 'cue';
  if (extension === '.json') return 'json';
  throw new UsageError(
    `${JSON.stringify(file)} ends in neither .cue nor .json, so nothing would read it: choose such a name`,
    'init',
  );
}

async function writeStarter(file: string, text: string, isForced: boolean): Promise<void> {
  try {
    // Exclusive: two that run at the same time do not write over each other either.
    if (!isForced) await writeFile(file, text, { flag: 'wx' });
    else await replaceFile(file, text);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    if (code === 'EEXIST') {
      const advice = 'name another file, or replace it with --force';
      throw new Error(`${shownPath(file)} is there already: ${advice}`, { cause: error });
    }
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new Error(`there is no folder ${dirname(file)}: make it first`, { cause: error });
    }
    throw error;
  }
}

/** Whoever reads it meanwhile, or after a crash, finds the old file or the new one. */
async function replaceFile(file: string, text: string): Promise<void> {
  const unfinished = `${file}.${process.pid}.partial`;
  await writeFile(unfinished, text, { flag: 'wx' });
  await rename(unfinished, file);
}

function outcomeOf(file: string, format: StarterFormat): Outcome {
  const isFound = foundFiles.some((name) => resolve(name) === file);
  const path = shellWord(shownPath(file));
  const comments = format === 'cue' ? ', explained in comments' : '';
  const event = JSON.stringify(starterEvent);
  return {
    json: { file, format, event: starterEvent },
    text: `Wrote ${shownPath(file)}: a function of three steps${comments}.

  inngest validate${isFound ? '' : ` ${path}`}
  inngest dev${isFound ? '' : ` --functions ${path}`}
  curl http://127.0.0.1:${defaultPort}/e/dev -d '${event}'

Its steps are POST requests to ${starterOrigin}: put your own URLs there. Until something answers there
they fail, and are called again as often as the file says.
`,
    notes: shadowNote(file),
  };
}

/** Of two documents in a folder a server reads one, which need not be the new one. */
function shadowNote(file: string): string {
  const sibling = foundFiles.find((name) => name !== basename(file));
  const isPair = sibling !== undefined && foundFiles.some((name) => name === basename(file));
  if (!isPair || !existsSync(join(dirname(file), sibling))) return '';
  const [first, second] = foundFiles;
  return `There is ${sibling} as well. Without --functions a server reads ${first} and not ${second}.\n`;
}

function shownPath(file: string): string {
  const near = relative(process.cwd(), file);
  return near.startsWith('..') ? file : near;
}

/** As a shell takes it for one word. */
function shellWord(text: string): string {
  return /^[\w./@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
