/** The commands that do one piece of work and end: signals, progress, the outcome and what went wrong. */
import { systemClock } from '../lib/clock.ts';
import { failureText } from '../store/image/failure_text.ts';
import { backupCommand } from './backup_command.ts';
import type { CommandLine } from './command_line.ts';
import type { WorkCommand } from './command_name.ts';
import { evalCommand } from './eval_command.ts';
import { initCommand } from './init_command.ts';
import { migrateCommand } from './migrate_command.ts';
import { write, writeError } from './output.ts';
import { Progress } from './progress.ts';
import { restoreCommand } from './restore_command.ts';
import { exitCodeOf, firstSignal } from './signal.ts';
import { validateCommand } from './validate_command.ts';
import type { Work } from './work_command.ts';

/** Throws `UsageError`. */
export function workOf(line: Extract<CommandLine, { command: WorkCommand }>): Work {
  switch (line.command) {
    case 'validate':
      return validateCommand(line);
    case 'init':
      return initCommand(line);
    case 'eval':
      return evalCommand(line);
    case 'backup':
      return backupCommand(line);
    case 'restore':
      return restoreCommand(line);
    case 'migrate':
      return migrateCommand(line);
  }
}

/** Resolves with the exit code: 0 or the outcome's own, 1 for a failure, 128 + its number for a signal. */
export async function runWork(work: Work): Promise<number> {
  const stop = new AbortController();
  let exitCode = 1;
  firstSignal().then((signal) => {
    exitCode = exitCodeOf[signal];
    stop.abort(new Error('interrupted'));
  });
  const progress = new Progress({
    clock: systemClock,
    isTerminal: process.stderr.isTTY === true,
    write: (text) => void process.stderr.write(text),
  });
  try {
    const outcome = await work.run({ clock: systemClock, signal: stop.signal, progress });
    progress.end();
    await write(process.stdout, work.isJson ? `${JSON.stringify(outcome.json)}\n` : outcome.text);
    if (!work.isJson) await write(process.stderr, outcome.notes ?? '');
    return outcome.exitCode ?? 0;
  } catch (error) {
    progress.end();
    await writeError(errorText(error));
    return exitCode;
  }
}

/** An error thrown on purpose explains itself; one that the language threw is a bug and needs its stack. */
function errorText(error: unknown): string {
  const isBug = [TypeError, ReferenceError, RangeError].some((kind) => error instanceof kind);
  if (isBug && error instanceof Error && !('code' in error)) return error.stack ?? error.message;
  return failureText(error);
}
