/** A thread that evaluates documents with CUE and then has nothing more to do: whoever started it ends it. */
import { init } from 'cue-wasm';
import { rootNames } from './bare_object.ts';
import type { CueAnswer, CueRequest, TextAnswer } from './cue_message.ts';
import { withMemoryLimit } from './wasm_memory.ts';

/** Of a document's value; the largest one that makes sense has a few thousand functions. */
const valueBytesMax = 16 * 1024 * 1024;
/** Of what the engine prints when it ends itself; the first line tells why. */
const printedBytesMax = 4096;

/** Go reads them when it starts, and opens nothing. */
const openFlags = {
  O_WRONLY: -1,
  O_RDWR: -1,
  O_CREAT: -1,
  O_TRUNC: -1,
  O_APPEND: -1,
  O_EXCL: -1,
};

type CueEngine = Awaited<ReturnType<typeof init>>;

declare const self: Worker;

let printed = '';

self.onmessage = async (event: MessageEvent<CueRequest>) => {
  const { texts, memoryBytes } = event.data;
  let engine: CueEngine;
  try {
    engine = await startEngine(memoryBytes);
  } catch (error) {
    return post({ kind: 'failed to start', reason: reasonOf(error) });
  }
  post({ kind: 'started' });
  for (const [index, text] of texts.entries()) {
    const answer = evaluate(engine, text);
    post({ index, ...answer });
    if (answer.kind === 'lost') return;
  }
};

const post = (answer: CueAnswer): void => self.postMessage(answer);

/** The engine looks up all of these on globalThis. */
function startEngine(memoryBytes: number): Promise<CueEngine> {
  const print = (_descriptor: number, bytes: Uint8Array): number => {
    printed = (printed + new TextDecoder().decode(bytes)).slice(0, printedBytesMax);
    return bytes.length;
  };
  const instantiate = WebAssembly.instantiate.bind(WebAssembly);
  Object.assign(globalThis, { fs: { constants: openFlags, writeSync: print } });
  Object.assign(WebAssembly, {
    instantiate: (program: Uint8Array, imports: WebAssembly.Imports) =>
      instantiate(withMemoryLimit(packedProgram() ?? program, memoryBytes), imports),
  });
  // Go's way to say that it ended; what matters of that is in the answer.
  console.warn = () => undefined;
  return init();
}

/** The binary holds the program packed, and the package gets an empty one; see build.ts. */
function packedProgram(): Uint8Array | null {
  const program: unknown = Reflect.get(globalThis, Symbol.for('inngest.cue.program'));
  return program instanceof Uint8Array ? program : null;
}

function evaluate(engine: CueEngine, text: string): TextAnswer {
  try {
    const json = engine.toJSON(text);
    if (json.length > valueBytesMax) return { kind: 'too large', bytesMax: valueBytesMax };
    return { kind: 'value', json: rootsOf(json) };
  } catch (error) {
    if (typeof error === 'string') return { kind: 'refused', error };
    if (printed.includes('out of memory')) return { kind: 'lost', reason: 'memory', detail: '' };
    if (error instanceof RangeError) return { kind: 'lost', reason: 'depth', detail: '' };
    const detail = printed.split('\n', 1)[0] || reasonOf(error);
    return { kind: 'lost', reason: 'crash', detail };
  }
}

/** Without the document's own helpers and the names of the schema. */
function rootsOf(json: string): string {
  const fields = Object.entries(JSON.parse(json) ?? {});
  return JSON.stringify(Object.fromEntries(fields.filter(([name]) => rootNames.has(name))));
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
