/** What `inngest help` prints. */
import type { CommandName, ServerCommand } from './command_name.ts';
import { type Flag, flagsOf } from './flag.ts';
import { version } from './version.ts';

const widthMax = 100;

const summaries: Readonly<Record<CommandName, string>> = {
  dev: 'Run a server for development: finds your app, asks for no keys',
  start: 'Run a server that others can reach: keys are required',
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
More about a command: inngest COMMAND --help
`;

const examples: Readonly<Record<ServerCommand, string>> = {
  dev: `  inngest dev                                          find apps on local ports
  inngest dev -u http://localhost:3000/api/inngest     use this app
  inngest dev --in-memory --no-discovery -p 9000       leave no trace, on another port`,
  start: `  inngest start --signing-key "$(openssl rand -hex 32)" --event-key secret -u https://app.example/api/inngest
  INNGEST_SIGNING_KEY=... INNGEST_EVENT_KEY=... inngest start --data-dir /var/lib/inngest`,
};

/** The help of one command, or the list of commands for null. */
export function helpText(topic: CommandName | null): string {
  switch (topic) {
    case null:
      return overview;
    case 'dev':
    case 'start':
      return serverHelp(topic);
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
    : `Usage: inngest ${command} [flags]; 'inngest ${command} --help' lists them`;
}

function serverHelp(command: ServerCommand): string {
  const flags = flagsOf(command);
  const width = Math.max(...flags.map((flag) => flagHead(flag).length)) + 2;
  const lines = flags.map((flag) => flagLines(flag, width)).join('\n');
  return `${summaries[command]}

Usage: inngest ${command} [flags]

Flags
${lines}
${`  -h, --help`.padEnd(width)}This text.

Every flag can be set in the environment as INNGEST_SDK_URL and so on; a flag wins.
Ctrl-C lets calls in flight finish, for up to 10 seconds; a second one ends the server at once.

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
