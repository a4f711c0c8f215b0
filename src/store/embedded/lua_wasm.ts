/**
 * Instantiates the Lua 5.1 interpreter. The package's own JavaScript host gives Lua a file system and a
 * wrapper per call; scripts must not have the first and cannot afford the second, so the interpreter is
 * started here with the few imports it needs and everything to do with the outside world refused.
 */
import wasmPath from 'wasmoon-lua5.1/dist/liblua5.1.wasm' with { type: 'file' };

type Pointer = number;

/** The functions of the Lua C API that the engine uses, by their C names. Strings are pointers. */
export interface LuaExports {
  readonly memory: WebAssembly.Memory;
  readonly __indirect_function_table: WebAssembly.Table;
  __wasm_call_ctors(): void;
  emscripten_stack_init(): void;
  stackSave(): Pointer;
  stackRestore(stack: Pointer): void;
  setThrew(threw: number, value: number): void;
  malloc(bytes: number): Pointer;
  free(pointer: Pointer): void;
  luaL_newstate(): Pointer;
  luaL_openlibs(lua: Pointer): void;
  luaL_loadbuffer(lua: Pointer, text: Pointer, bytes: number, name: Pointer): number;
  luaL_ref(lua: Pointer, table: number): number;
  luaL_where(lua: Pointer, level: number): void;
  lua_close(lua: Pointer): void;
  lua_checkstack(lua: Pointer, values: number): number;
  lua_createtable(lua: Pointer, items: number, fields: number): void;
  lua_error(lua: Pointer): number;
  lua_gc(lua: Pointer, what: number, data: number): number;
  lua_pcall(lua: Pointer, args: number, results: number, onError: number): number;
  lua_pushcclosure(lua: Pointer, table: number, upvalues: number): void;
  lua_pushlstring(lua: Pointer, text: Pointer, bytes: number): void;
  lua_rawget(lua: Pointer, index: number): void;
  lua_rawgeti(lua: Pointer, index: number, n: number): void;
  lua_rawset(lua: Pointer, index: number): void;
  lua_setfenv(lua: Pointer, index: number): number;
  lua_sethook(lua: Pointer, hook: Pointer, events: number, instructions: number): number;
  lua_settop(lua: Pointer, index: number): void;
  lua_tolstring(lua: Pointer, index: number, bytesOut: Pointer): Pointer;
  lua_tonumber(lua: Pointer, index: number): number;
  lua_type(lua: Pointer, index: number): number;
}

export interface LuaWasm {
  api: LuaExports;
  /** Bytes of the interpreter's memory. Replaced when it grows: never keep it across a call. */
  bytes: Buffer;
  words: Uint32Array;
  doubles: Float64Array;
  /** Makes a JavaScript function callable from Lua; returns its place in the function table. */
  addFunction(serve: (lua: Pointer) => number): number;
  /** As `addFunction`, for a function that Lua calls while it runs a script. */
  addHook(watch: (lua: Pointer) => void): number;
}

const pageBytes = 65_536;
const memoryBytesMax = 2 ** 31;
const errorNotSupported = -52;

let compiled: Promise<WebAssembly.Module> | undefined;

/** Compiles the interpreter on other threads. Whoever knows early that it will be needed calls this early. */
export function compileLua(): Promise<WebAssembly.Module> {
  compiled ??= Bun.file(wasmPath)
    .arrayBuffer()
    .then((binary) => WebAssembly.compile(binary));
  return compiled;
}

export async function startLuaWasm(): Promise<LuaWasm> {
  const module = await compileLua();
  const wasm: LuaWasm = {
    api: noApi,
    bytes: Buffer.alloc(0),
    words: new Uint32Array(),
    doubles: new Float64Array(),
    addFunction: (serve) => addToTable(functionShim, serve),
    addHook: (watch) => addToTable(hookShim, watch),
  };
  const instance = new WebAssembly.Instance(module, importsOf(module, wasm));
  // The cast holds because the names above are those the interpreter exports; the tests call them all.
  wasm.api = instance.exports as unknown as LuaExports;
  refreshViews(wasm);
  wasm.api.emscripten_stack_init();
  wasm.api.__wasm_call_ctors();
  return wasm;

  function addToTable(shim: WebAssembly.Module, serve: (lua: Pointer) => unknown): number {
    const table = wasm.api.__indirect_function_table;
    const place = table.grow(1);
    table.set(place, new WebAssembly.Instance(shim, { e: { f: serve } }).exports.f);
    return place;
  }
}

// Replaced before anyone sees it: the imports need the record before the instance exists.
const noApi = {} as LuaExports;

const wasmHead = [0, 97, 115, 109, 1, 0, 0, 0];
const importAndExport = [2, 7, 1, 1, 101, 1, 102, 0, 0, 7, 5, 1, 1, 102, 0, 0];

/** (module (type (func (param i32) (result i32))) (import "e" "f" (func (type 0))) (export "f" (func 0))) */
const functionShim = shimOf([1, 6, 1, 96, 1, 127, 1, 127]);
/** The same for (func (param i32 i32)). */
const hookShim = shimOf([1, 6, 1, 96, 2, 127, 127, 0]);

function shimOf(type: readonly number[]): WebAssembly.Module {
  return new WebAssembly.Module(new Uint8Array([...wasmHead, ...type, ...importAndExport]));
}

function refreshViews(wasm: LuaWasm): void {
  wasm.bytes = Buffer.from(wasm.api.memory.buffer);
  wasm.words = new Uint32Array(wasm.api.memory.buffer);
  wasm.doubles = new Float64Array(wasm.api.memory.buffer);
}

function importsOf(module: WebAssembly.Module, wasm: LuaWasm): WebAssembly.Imports {
  const env: Record<string, WebAssembly.ImportValue> = {};
  // Files, clocks and processes do not exist for scripts: whatever asks for them is refused.
  for (const { name } of WebAssembly.Module.imports(module)) env[name] = () => errorNotSupported;
  // C's longjmp is an exception that unwinds to the invoke_vii around the matching setjmp.
  env._emscripten_throw_longjmp = () => {
    throw longjmp;
  };
  env.invoke_vii = (place: number, a: number, b: number): void => {
    const stack = wasm.api.stackSave();
    try {
      wasm.api.__indirect_function_table.get(place)(a, b);
    } catch (error) {
      wasm.api.stackRestore(stack);
      if (error !== longjmp) throw error;
      wasm.api.setThrew(1, 0);
    }
  };
  env.emscripten_memcpy_js = (to: number, from: number, size: number): void => {
    wasm.bytes.copyWithin(to, from, from + size);
  };
  env.emscripten_resize_heap = (bytesWanted: number): number => growMemory(wasm, bytesWanted >>> 0);
  return { env, wasi_snapshot_preview1: env };
}

/** Any number would do: the interpreter never looks at it. */
const longjmp = Number.POSITIVE_INFINITY;

/** Whether a caught value is Lua unwinding its own frames; it must be thrown on. */
export function isLuaUnwinding(error: unknown): boolean {
  return error === longjmp;
}

function growMemory(wasm: LuaWasm, bytesWanted: number): number {
  const bytesNow = wasm.bytes.length;
  const bytesNext = Math.min(memoryBytesMax, Math.max(bytesWanted, bytesNow * 1.2));
  if (bytesWanted > bytesNext) return 0;
  try {
    wasm.api.memory.grow(Math.ceil((bytesNext - bytesNow) / pageBytes));
  } catch {
    // Lua answers a refused growth with "not enough memory", which the script's caller sees.
    return 0;
  }
  refreshViews(wasm);
  return 1;
}
