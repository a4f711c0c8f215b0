/** The thread of the CUE command line. Ended from outside when a document takes it too long. */
import { parentPort } from 'node:worker_threads';
import type { CliAnswer, CliRequest } from './cli_message.ts';
import { compileCli, runCli } from './cli_program.ts';

const port = parentPort;
if (port === null) throw new Error('cli_worker.ts is started as a Worker, not imported');
const say = (answer: CliAnswer): void => port.postMessage(answer);

const program = compileCli();
program.then(
  () => say({ kind: 'ready' }),
  (error) => say({ kind: 'crashed', reason: String(error) }),
);

port.on('message', async (request: CliRequest) => say(await runCli(await program, request)));
