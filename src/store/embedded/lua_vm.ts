/**
 * Runs scripts in real Lua 5.1. Each script is compiled once; `redis.call` is one callback into `execute`.
 * The Lua stack is empty between runs, whatever a script did.
 */
import { createHash } from 'node:crypto';
import { type Reply, ScriptError, type ScriptName } from '../store.ts';
import { bitsSource } from './lua_bits.ts';
import { LuaHeap } from './lua_heap.ts';
import { jsonSource } from './lua_json.ts';
import { checkLayout, typeNumber, typeString, typeTable } from './lua_layout.ts';
import { LuaReplies } from './lua_replies.ts';
import { sandboxSource } from './lua_sandbox.ts';
import { LuaStrings } from './lua_strings.ts';
import { LuaValues } from './lua_values.ts';
import { isLuaUnwinding, type LuaExports, type LuaWasm, startLuaWasm } from './lua_wasm.ts';
import { CommandError, type CommandReply } from './reply.ts';

/**
 * Serves one `redis.call`: a command's name, its key and the arguments after it. Throws `CommandError` to
 * raise an error in the script.
 */
export type ExecuteCommand = (
  name: string,
  key: string | undefined,
  args: readonly string[],
) => CommandReply;

// Codes of Lua 5.1's lua.h.
const registryIndex = -10_000;

/**
 * What a script wrote stays when it is ended, so this is far above what any script takes; but a script without an end would
 * hold up the server for ever.
 */
const scriptMsMax = 30_000;
const countEvents = 8;
/** How often the time is looked at: a few ms of work. */
const instructionsBetweenLooks = 1_000_000;

export class LuaVm {
  readonly #api: LuaExports;
  readonly #strings: LuaStrings;
  readonly #heap: LuaHeap;
  readonly #values: LuaValues;
  readonly #replies: LuaReplies;
  readonly #lua: number;
  readonly #execute: ExecuteCommand;
  readonly #scripts = new Map<ScriptName, number>();
  /** Scripts that nobody has run yet: compiling all of them would take a tenth of the time a start may take. */
  readonly #sources = new Map<ScriptName, string>();
  readonly #prefix: number;
  readonly #errRef: number;
  readonly #whereRef: number;
  readonly #sandboxRef: number;
  readonly #watch: number;
  readonly #scriptMsMax: number;
  /** When the running script was first seen at work; 0 before. */
  #seenAtMs = 0;
  /** A defect of the engine itself, carried around Lua's frames and thrown to the caller. */
  #defect: unknown;

  private constructor(wasm: LuaWasm, prefix: string, execute: ExecuteCommand, msMax: number) {
    this.#api = wasm.api;
    this.#execute = execute;
    this.#scriptMsMax = msMax;
    this.#lua = wasm.api.luaL_newstate();
    checkLayout(wasm, this.#lua);
    wasm.api.luaL_openlibs(this.#lua);
    const strings = new LuaStrings(wasm, this.#lua);
    this.#strings = strings;
    this.#heap = new LuaHeap(wasm, this.#lua, () => strings.forget());
    this.#prefix = this.#keep(prefix);
    this.#values = new LuaValues(wasm, this.#lua, strings, this.#keep('ok'));
    this.#replies = new LuaReplies(wasm, this.#lua, strings);
    this.#errRef = this.#refString('err');
    this.#whereRef = this.#refString('where');
    this.#sandboxRef = this.#makeSandbox(wasm);
    this.#watch = wasm.addHook((lua) => this.#endRunaway(lua));
    wasm.api.lua_sethook(this.#lua, this.#watch, countEvents, instructionsBetweenLooks);
  }

  /** `msMax` is how long a script may run. */
  static async start(prefix: string, execute: ExecuteCommand, msMax = scriptMsMax): Promise<LuaVm> {
    return new LuaVm(await startLuaWasm(), prefix, execute, msMax);
  }

  /** Makes a script known; it is compiled when it is first run. */
  add(name: ScriptName, source: string): void {
    this.#sources.set(name, source);
  }

  /** Compiles a script. Throws `ScriptError` when it does not parse. */
  compile(name: ScriptName, source: string): void {
    // On the first line of the script, so that line numbers in errors are the file's.
    this.#load(name, `local KEYS, ARGV = ...; ${source}`);
    this.#api.lua_rawgeti(this.#lua, registryIndex, this.#sandboxRef);
    this.#api.lua_setfenv(this.#lua, -2);
    this.#scripts.set(name, this.#api.luaL_ref(this.#lua, registryIndex));
  }

  run(name: ScriptName, args: readonly (string | number)[]): Reply {
    const script = this.#scripts.get(name) ?? this.#compiled(name);
    const api = this.#api;
    const lua = this.#lua;
    try {
      this.#heap.hold();
      api.lua_rawgeti(lua, registryIndex, script);
      this.#values.pushListOf(this.#prefix);
      this.#values.pushTexts(args);
      this.#heap.release();
      if (api.lua_pcall(lua, 2, 1, 0) !== 0) throw this.#takeError(name);
      if (this.#defect !== undefined) throw this.#takeError(name);
      this.#heap.hold();
      return this.#replies.readTop(name);
    } catch (error) {
      throw error instanceof CommandError ? new ScriptError(name, error.message) : error;
    } finally {
      api.lua_settop(lua, 0);
      if (this.#seenAtMs !== 0) this.#forgetTime();
      this.#heap.tidy();
    }
  }

  #compiled(name: ScriptName): number {
    const source = this.#sources.get(name);
    if (source !== undefined) this.compile(name, source);
    this.#sources.delete(name);
    const script = this.#scripts.get(name);
    if (script !== undefined) return script;
    throw new ScriptError(name, 'there is no script of this name in lua/');
  }

  get memoryBytes(): number {
    return this.#api.memory.buffer.byteLength;
  }

  close(): void {
    this.#api.lua_close(this.#lua);
  }

  #makeSandbox(wasm: LuaWasm): number {
    const api = this.#api;
    this.#load('sandbox', sandboxSource);
    for (const serve of [this.#serveCall, this.#servePcall, this.#serveSha1]) {
      api.lua_pushcclosure(
        this.#lua,
        wasm.addFunction((lua) => serve.call(this, lua)),
        0,
      );
    }
    for (const source of [jsonSource, bitsSource]) this.#strings.push(source);
    if (api.lua_pcall(this.#lua, 5, 1, 0) !== 0) throw this.#takeError('sandbox');
    return api.luaL_ref(this.#lua, registryIndex);
  }

  /** Looks at the clock, and ends a script that has run for too long. */
  #endRunaway(lua: number): void {
    const nowMs = performance.now();
    if (this.#seenAtMs === 0) this.#seenAtMs = nowMs;
    if (nowMs - this.#seenAtMs < this.#scriptMsMax) return;
    // From now on at every instruction, or the script's own pcall would carry on.
    this.#api.lua_sethook(lua, this.#watch, countEvents, 1);
    this.#strings.push(`ended because it ran for more than ${this.#scriptMsMax} ms`);
    this.#api.lua_error(lua);
  }

  #forgetTime(): void {
    this.#seenAtMs = 0;
    this.#api.lua_sethook(this.#lua, this.#watch, countEvents, instructionsBetweenLooks);
  }

  #serveSha1(): number {
    const hash = createHash('sha1')
      .update(this.#strings.bytes(this.#values.pointerOfArg(0)))
      .digest('hex');
    this.#strings.push(hash);
    return 1;
  }

  #serveCall(lua: number): number {
    const failure = this.#serve();
    if (failure === undefined) return 1;
    this.#pushErrorTable(lua, failure);
    this.#addWhere(lua);
    // Does not return: the interpreter unwinds through this frame.
    return this.#api.lua_error(lua);
  }

  #servePcall(lua: number): number {
    const failure = this.#serve();
    if (failure !== undefined) this.#pushErrorTable(lua, failure);
    return 1;
  }

  /** Pushes the command's reply, or returns why it failed. Nothing may be thrown through Lua's frames. */
  #serve(): string | undefined {
    this.#heap.hold();
    try {
      this.#values.push(this.#executeCall());
      return undefined;
    } catch (error) {
      if (error instanceof CommandError) return error.message;
      if (isLuaUnwinding(error)) throw error;
      this.#defect ??= error;
      return `ERR ${String(error)}`;
    } finally {
      this.#heap.release();
    }
  }

  #executeCall(): CommandReply {
    const values = this.#values;
    const count = values.argCount;
    if (count === 0) {
      throw new CommandError('ERR Please specify at least one argument for this redis.call()');
    }
    const name = values.readArg(0);
    const key = count > 1 ? values.readArg(1) : undefined;
    const args: string[] = [];
    for (let place = 2; place < count; place += 1) args.push(values.readArg(place));
    return this.#execute(name, key, args);
  }

  #pushErrorTable(lua: number, message: string): void {
    this.#api.lua_createtable(lua, 0, 1);
    this.#api.lua_rawgeti(lua, registryIndex, this.#errRef);
    this.#strings.push(message);
    this.#api.lua_rawset(lua, -3);
  }

  /** Adds the field `where` to the table on top of the stack: the script's line, for who reads the log. */
  #addWhere(lua: number): void {
    this.#api.lua_rawgeti(lua, registryIndex, this.#whereRef);
    this.#api.luaL_where(lua, 1);
    this.#api.lua_rawset(lua, -3);
  }

  /** Turns the error value on top of the stack into what the caller is told. */
  #takeError(name: ScriptName): unknown {
    const api = this.#api;
    const defect = this.#defect;
    this.#defect = undefined;
    if (defect !== undefined) return defect;
    const type = api.lua_type(this.#lua, -1);
    if (type === typeString || type === typeNumber) {
      return new ScriptError(name, this.#strings.readTop());
    }
    const message = type === typeTable ? this.#replies.readField('err') : undefined;
    if (message === undefined) {
      return new ScriptError(name, 'raised an error that is neither text nor a table with err');
    }
    const where = this.#replies.readField('where')?.replace(/: $/, '');
    return new ScriptError(name, where ? `${message} (${where})` : message);
  }

  #refString(text: string): number {
    this.#strings.push(text);
    return this.#api.luaL_ref(this.#lua, registryIndex);
  }

  /** The pointer of a string that is never collected. */
  #keep(text: string): number {
    this.#refString(text);
    return this.#strings.pointerTo(text);
  }

  #load(name: ScriptName, source: string): void {
    const code = this.#strings.withText(source, (at, size) =>
      this.#strings.withText(`@${name}`, (nameAt) =>
        this.#api.luaL_loadbuffer(this.#lua, at, size, nameAt),
      ),
    );
    if (code === 0) return;
    const message = this.#strings.readTop();
    this.#api.lua_settop(this.#lua, 0);
    throw new ScriptError(name, message);
  }
}
