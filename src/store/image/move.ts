/** Moves an image from one place to another and reads it back: what came out must be what went in. */
import type { Clock } from '../../lib/clock.ts';
import type { ImageChunk } from './chunk.ts';
import { failureText } from './failure_text.ts';
import { differences, type GroupSum, Tally } from './tally.ts';

export interface ImageSource {
  /** How many keys there are, where that is known beforehand. */
  readonly keyCount: number | null;
  chunks(): AsyncIterable<ImageChunk>;
  /** Whether it carries the mark of a target that has begun: then both are the same place. */
  isMarked(): Promise<boolean>;
  /** Throws when the source may have changed while it was read. */
  checkStill(): Promise<void>;
}

export interface ImageTarget {
  /** Marks the target: from here until `finish` no server can take what is there for complete. */
  begin(): Promise<void>;
  /** Takes the mark back; nothing else was changed. */
  withdraw(): Promise<void>;
  /** Makes room for what comes. */
  clear(): Promise<void>;
  write(chunk: ImageChunk): Promise<void>;
  /** Everything written is in place when this resolves. */
  flush(): Promise<void>;
  readBack(): AsyncIterable<ImageChunk>;
  finish(): Promise<void>;
  /** What a failure leaves there and what to do about it, as the rest of a sentence. */
  readonly leftBehind: string;
}

export type MovePhase = 'copying' | 'verifying';

export interface MoveOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onProgress: (phase: MovePhase, keys: number, keyCount: number | null) => void;
}

export interface Moved {
  readonly keys: number;
  readonly groups: readonly GroupSum[];
}

/** Throws when anything fails or the two differ; the error says what the target is like then. */
export async function moveImage(
  source: ImageSource,
  target: ImageTarget,
  options: MoveOptions,
): Promise<Moved> {
  await beginApart(source, target);
  try {
    return await copyAndCompare(source, target, options);
  } catch (cause) {
    const { leftBehind } = target;
    throw new Error(`${failureText(cause)}. The source is as it was; ${leftBehind}`, { cause });
  }
}

/** One place can have many addresses. Cleared as a target, the source would be lost. */
async function beginApart(source: ImageSource, target: ImageTarget): Promise<void> {
  await target.begin();
  if (!(await source.isMarked())) return;
  await target.withdraw();
  throw new Error(
    'source and destination are the same keys of the same Redis: choose another --to-prefix',
  );
}

async function copyAndCompare(
  source: ImageSource,
  target: ImageTarget,
  { clock, signal, onProgress }: MoveOptions,
): Promise<Moved> {
  const sent = new Tally();
  await target.clear();
  for await (const chunk of source.chunks()) {
    signal.throwIfAborted();
    sent.add(chunk);
    await target.write(chunk);
    onProgress('copying', sent.keys, source.keyCount);
  }
  await target.flush();
  await source.checkStill();
  const found = new Tally();
  for await (const chunk of target.readBack()) {
    signal.throwIfAborted();
    found.add(chunk);
    onProgress('verifying', found.keys, sent.keys);
  }
  const wrong = differences(sent, found, clock.now());
  if (wrong.length > 0) {
    throw new Error(`what was written is not what was read: ${wrong.join('; ')}`);
  }
  await target.finish();
  return { keys: sent.keys, groups: sent.groups() };
}
