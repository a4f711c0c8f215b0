/** One command, from argv to its exit code. */
import { type CommandLine, parseCommandLine } from './command_line.ts';
import { helpText, usageLine } from './help.ts';
import { OutputError, write, writeError } from './output.ts';
import { serve } from './serve.ts';
import { UsageError } from './usage_error.ts';
import { version } from './version.ts';

/** Resolves with the exit code: 0, 1 for a wrong flag, a failure or output that is lost, 3 for an unknown command. */
export async function runCommand(argv: readonly string[]): Promise<number> {
  try {
    return await execute(parseCommandLine(argv), argv);
  } catch (error) {
    if (error instanceof OutputError) {
      await writeError(error.message);
      return 1;
    }
    if (!(error instanceof UsageError)) throw error;
    await writeError(`${error.message}\n${usageLine(error.command)}`);
    return error.exitCode;
  }
}

async function execute(line: CommandLine, argv: readonly string[]): Promise<number> {
  switch (line.command) {
    case 'help':
      await write(process.stdout, helpText(line.topic));
      return 0;
    case 'version':
      await write(process.stdout, versionText(argv));
      return 0;
    case 'dev':
    case 'start':
      return serve(line.command, line.given);
    case 'validate':
    case 'init':
    case 'eval':
    case 'backup':
    case 'restore':
    case 'migrate': {
      // Loaded when asked for: a server starts without them.
      const { runWork, workOf } = await import('./work.ts');
      return runWork(workOf(line));
    }
  }
}

/** `version` prints the bare version, `--version` introduces itself (reference/http-api.md §12.1). */
function versionText(argv: readonly string[]): string {
  if (argv.includes('--json')) return `${JSON.stringify({ version })}\n`;
  return argv.includes('--version') ? `inngest version ${version}\n` : `${version}\n`;
}
