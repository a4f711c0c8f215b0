/** What `inngest help` prints. */
import { type CommandName, commandWords, type FlagCommand, wordText } from './command_name.ts';
import type { Flag } from './flag.ts';
import { flagsOf } from './flag_list.ts';
import { version } from './version.ts';

const widthMax = 100;

const summaries: Readonly<Record<CommandName, string>> = {
  dev: 'Run a server for development: finds your app, asks for no keys',
  start: 'Run a server that others can reach: keys are required',
  validate: 'Check the documents that declare functions',
  init: 'Write a first document, with comments',
  eval: 'Print what documents come to, as JSON',
  backup: 'Copy the databases of a server into one file, while it runs',
  restore: 'Make a data directory from such a file',
  migrate: 'Move queue and runs between a data directory and a Redis',
  version: 'Print the version',
  help: 'Explain a command',
};

const overview = `inngest ${version}: events drive the steps of your functions to completion

Usage: inngest COMMAND [flags]

Commands
${Object.entries(summaries)
  .map(([name, summary]) => `  ${name.padEnd(9)}${summary}`)
  .join('\n')}

Start here: inngest dev -u http://localhost:3000/api/inngest
Without an SDK: inngest init
More about a command: inngest COMMAND --help
`;

const details: Readonly<Record<FlagCommand, string>> = {
  dev: serverDetails(),
  start: serverDetails(),
  validate: `Without FILE it checks what a server started here would read: the files in INNGEST_FUNCTIONS, else
inngest.cue or inngest.json in this folder, then those in /etc and /etc/inngest, then INNGEST_CONFIG.
- reads standard input, and FILE may be a pipe. Several files are checked together: an id may be in one of
them only. Problems go to stderr as FILE:LINE:COLUMN: PATH: MESSAGE, all of them at once. Exit code 0 when
all is well, 1 when not, so a CI job needs no more than this line:
  inngest validate`,
  init: `FILE is inngest.cue when left out; with a name that ends in .json it is the same in JSON, without comments.
The function in it runs as it is, against steps on 127.0.0.1:9000.`,
  eval: `Reads and checks the same files as validate and prints one object: {"functions": {ID: ...}, "config": ...},
with loops, templates and defaults worked out; a config has only what was written, as a server has defaults
of its own. The output is a document again, except for keys and passwords, which are *** unless
--show-secrets is given. Indented on a terminal, one line elsewhere and with --json.`,
  backup: `The server is neither stopped nor held up. FILE appears when it is complete and checked; it is one
SQLite database with the others inside. Keep it on another machine: it holds events and outputs of steps.
A backup that was killed leaves a folder FILE.partial-..., which can be deleted.
A Redis is backed up by its own means (BGSAVE, append-only file); --history-only adds the history of
the servers on it, which is in their --data-dir. History in PostgreSQL is not in FILE: use pg_dump.`,
  restore: `FILE is checked first; then the databases are put in place together. The directory must be empty or
missing, and no server may use it. Runs that were under way when the backup was made go on from there.
Run it as the user of the server. Run as root, the files get the owner of the directory, or of the
folder it is made in. Interrupted, run it again with --force; what only had to be moved to its place
is moved there by the next command or server.`,
  migrate: `Stop all servers first, on both sides. What was written is read back and compared by counts and
checksums, and the source stays as it is. History is not in Redis: servers there keep it in their
--data-dir, or in PostgreSQL, where it stays. Interrupted, the destination is marked as incomplete, and
no server starts on it; run the command again with --force, which clears the destination and nothing
else. Servers that were killed count as stopped once their leases end, after 30 seconds. Files in a
directory get its owner.`,
};

function serverDetails(): string {
  return `Every flag can be set in the environment as INNGEST_SDK_URL and so on; a flag wins.
Functions declared in CUE or JSON documents are run by the server itself, without an SDK: inngest init writes
a first one, inngest validate checks them. Documents may also hold settings of the server, over which flags win.
SIGHUP makes it read them again; dev also does when they change. What is broken changes nothing and is logged.
With both --redis-uri and --postgres-uri nothing is kept on this machine. Without --postgres-uri each
server on a Redis has a history of its own.
Ctrl-C lets calls in flight finish, for up to 10 seconds; a second one ends the server at once.`;
}

const examples: Readonly<Record<FlagCommand, string>> = {
  dev: `  inngest dev                                          find apps on local ports
  inngest dev -u http://localhost:3000/api/inngest     use this app
  inngest dev --functions orders.cue                   run the functions in this document
  inngest dev --in-memory --no-discovery -p 9000       leave no trace, on another port
  inngest dev --retention 7d                           forget what is older than a week`,
  start: `  inngest start --signing-key "$(openssl rand -hex 32)" --event-key secret -u https://app.example/api/inngest
  INNGEST_SIGNING_KEY=... INNGEST_EVENT_KEY=... inngest start --data-dir /var/lib/inngest
  inngest start --redis-uri redis://queue:6379 --postgres-uri postgres://me:password@db/inngest
  inngest start --retention 90d --retention-traces 14d    keep runs for 90 days, their traces for 14`,
  validate: `  inngest validate                                     the documents a server here would read
  inngest validate functions/*.cue                     these, together
  inngest validate --json - < inngest.cue              standard input; a report for programs`,
  init: `  inngest init                                         inngest.cue in this folder
  inngest init functions/orders.cue
  inngest init --force inngest.json                    in JSON; replaces the file`,
  eval: `  inngest eval                                         the documents a server here would read
  inngest eval prices.cue | jq '.functions | keys'
  inngest eval --show-secrets inngest.cue > inngest.json`,
  backup: `  inngest backup monday.backup                         the databases in .inngest
  inngest backup --data-dir /var/lib/inngest /mnt/backups/inngest-$(date +%F)`,
  restore: `  inngest restore monday.backup
  inngest restore /mnt/backups/monday --data-dir /var/lib/inngest --force`,
  migrate: `  inngest migrate --from .inngest --to redis://localhost:6379
  inngest migrate --from redis://localhost:6379 --to /var/lib/inngest --data-dir .inngest
  inngest migrate --from redis://old:6379 --to rediss://:password@new:6380 --to-prefix shop`,
};

/** The help of one command, or the list of commands for null. */
export function helpText(topic: CommandName | null): string {
  switch (topic) {
    case null:
      return overview;
    case 'dev':
    case 'start':
    case 'validate':
    case 'init':
    case 'eval':
    case 'backup':
    case 'restore':
    case 'migrate':
      return commandHelp(topic);
    case 'version':
      return `${summaries.version}\n\nUsage: inngest version [--json]\n`;
    case 'help':
      return `${summaries.help}\n\nUsage: inngest help [COMMAND]\n`;
  }
}

/** The one line below an error that says where to read on. */
export function usageLine(command: CommandName | null): string {
  return command === null
    ? "Usage: inngest COMMAND [flags]; 'inngest help' lists the commands"
    : `Usage: ${usageOf(command)}; 'inngest ${command} --help' lists them`;
}

function usageOf(command: CommandName): string {
  const words = command === 'help' || command === 'version' ? [] : commandWords[command];
  return ['inngest', command, ...words.map(wordText), '[flags]'].join(' ');
}

function commandHelp(command: FlagCommand): string {
  const flags = flagsOf(command).filter(({ isHidden }) => !isHidden);
  const width = Math.max(...flags.map((flag) => flagHead(flag).length)) + 2;
  const lines = flags.map((flag) => flagLines(flag, width)).join('\n');
  return `${summaries[command]}

Usage: ${usageOf(command)}

Flags
${lines}
${`  -h, --help`.padEnd(width)}This text.

${details[command]}

Examples
${examples[command]}
`;
}

function flagHead({ name, short, placeholder }: Flag): string {
  const letter = short ? `-${short}, ` : '    ';
  return `  ${letter}--${name}${placeholder ? ` ${placeholder}` : ''}`;
}

function flagLines(flag: Flag, width: number): string {
  const lines = [''];
  for (const word of flag.help.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (width + line.length + word.length + 1 > widthMax) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines
    .map((line, index) => (index === 0 ? flagHead(flag) : '').padEnd(width) + line)
    .join('\n');
}
