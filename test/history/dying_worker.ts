/** The writer's thread, which dies once it has been asked to record the fact "die". */
import '../../src/history/writer_worker.ts';
import { parentPort } from 'node:worker_threads';
import type { WriterRequest } from '../../src/history/writer_message.ts';

parentPort?.on('message', (request: WriterRequest) => {
  if (request.kind === 'record' && request.facts[0] === 'die') process.exit(1);
});
