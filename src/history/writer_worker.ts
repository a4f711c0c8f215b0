/**
 * The writer's thread: owns the only connection of this server that writes. Parsing facts and waiting for the disk
 * happen here, so that neither takes time from the main thread.
 */
import { parentPort } from 'node:worker_threads';
import { systemClock } from '../lib/clock.ts';
import { MemoryReturn } from '../lib/memory_return.ts';
import { readFacts } from './fact_reading.ts';
import type { Cutoffs } from './history.ts';
import { openForWriting } from './sql/database.ts';
import { writeFacts } from './sql/fact_writer.ts';
import { Pruner } from './sql/prune.ts';
import type { WritableDatabase } from './sql/source.ts';
import { tallyOf } from './tally.ts';
import type { Note, WriterAnswer, WriterNote, WriterRequest } from './writer_message.ts';

const port = parentPort;
if (port === null) throw new Error('writer_worker.ts is started as a Worker, not imported');

interface Open {
  readonly database: WritableDatabase;
  readonly pruner: Pruner;
  readonly isTallying: boolean;
}

let open: Open | null = null;
/** The request that is being served; the main thread bounds how many wait behind it. */
let last: Promise<void> = Promise.resolve();

/** Threads collect their own garbage. */
const memory = new MemoryReturn(systemClock, () => Bun.gc(true));

port.on('message', (request: WriterRequest) => {
  last = last.then(async () => {
    port.postMessage(await answerTo(request));
    if (request.kind === 'record') memory.note(request.facts.length);
  });
});

const note: Note = (level, message, fields) => {
  const said: WriterNote = { kind: 'note', level, message, fields };
  port.postMessage(said);
};

async function answerTo(request: WriterRequest): Promise<WriterAnswer> {
  try {
    return await serve(request);
  } catch (error) {
    return { kind: 'failed', message: error instanceof Error ? error.message : String(error) };
  }
}

async function serve(request: WriterRequest): Promise<WriterAnswer> {
  switch (request.kind) {
    case 'open': {
      const { place, isTallying } = request;
      open = { database: await openForWriting(place, note), pruner: new Pruner(), isTallying };
      return { kind: 'done' };
    }
    case 'record':
      return record(opened(), request.facts);
    case 'prune':
      return prune(opened(), request.cutoffs);
    case 'close':
      await open?.database.close();
      open = null;
      return { kind: 'done' };
  }
}

function opened(): Open {
  if (open === null) throw new Error('the history database is closed');
  return open;
}

async function record(
  { database, isTallying }: Open,
  texts: readonly string[],
): Promise<WriterAnswer> {
  const { facts, rejections } = readFacts(texts);
  const refused = await writeFacts(database.sink, facts);
  return {
    kind: 'recorded',
    rejections: [...rejections, ...refused],
    tally: isTallying ? tallyOf(facts.map(({ fact }) => fact)) : null,
  };
}

/** First what is old, then the space it left. */
async function prune({ database, pruner }: Open, cutoffs: Cutoffs): Promise<WriterAnswer> {
  const pruned = await pruner.prune(database.sink, cutoffs);
  if (pruned.hasMore) return { kind: 'pruned', pruned };
  return { kind: 'pruned', pruned: { ...pruned, hasMore: await database.giveBack() } };
}
