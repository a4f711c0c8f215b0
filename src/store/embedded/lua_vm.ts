/**
 * Runs scripts in real Lua 5.1. Each script is compiled once; `redis.call` is one callback into `execute`.
 * The Lua stack is empty between runs, whatever a script did.
 */
import { createHash } from 'node:crypto';
import { type Reply, ScriptError, type ScriptName } from '../store.ts';
import { bitsSource } from './lua_bits.ts';
import { jsonSource } from './lua_json.ts';
import { sandboxSource } from './lua_sandbox.ts';
import { LuaStrings } from './lua_strings.ts';
import { isLuaUnwinding, type LuaExports, type LuaWasm, startLuaWasm } from './lua_wasm.ts';
import { luaNumberText } from './number_text.ts';
import { asErrorText, asLine, CommandError, type CommandReply, Status } from './reply.ts';

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
const collectAll = 2;
const typeNil = 0;
const typeBoolean = 1;
const typeNumber = 3;
const typeString = 4;
const typeTable = 5;

/** After a run that carried more than this, Lua's garbage is collected at once to bound its memory. */
const collectAfterChars = 262_144;
/** Far more than any reply needs; a table that holds itself has no end. */
const replyDepthMax = 100;
/** Each level of a nested reply takes one place on Lua's stack, which has 20 unless told otherwise. */
const replyStackPlaces = replyDepthMax + 20;
/** Kinds of replies that only RESP3 has. */
const otherReplyFields = ['double', 'map', 'set', 'big_number', 'verbatim_string'];

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
  readonly #lua: number;
  readonly #execute: ExecuteCommand;
  readonly #scripts = new Map<ScriptName, number>();
  /** Scripts that nobody has run yet: compiling all of them would take a tenth of the time a start may take. */
  readonly #sources = new Map<ScriptName, string>();
  readonly #prefixRef: number;
  readonly #okRef: number;
  readonly #errRef: number;
  readonly #whereRef: number;
  readonly #sandboxRef: number;
  readonly #otherReplyRefs: readonly number[];
  readonly #watch: number;
  readonly #scriptMsMax: number;
  /** When the running script was first seen at work; 0 before. */
  #seenAtMs = 0;
  /** A defect of the engine itself, carried around Lua's frames and thrown to the caller. */
  #defect: unknown;
  #charsCarried = 0;

  private constructor(wasm: LuaWasm, prefix: string, execute: ExecuteCommand, msMax: number) {
    this.#api = wasm.api;
    this.#execute = execute;
    this.#scriptMsMax = msMax;
    this.#strings = new LuaStrings(wasm);
    this.#lua = wasm.api.luaL_newstate();
    wasm.api.luaL_openlibs(this.#lua);
    this.#prefixRef = this.#refString(prefix);
    this.#okRef = this.#refString('ok');
    this.#errRef = this.#refString('err');
    this.#whereRef = this.#refString('where');
    this.#otherReplyRefs = otherReplyFields.map((name) => this.#refString(name));
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
      api.lua_rawgeti(lua, registryIndex, script);
      api.lua_createtable(lua, 1, 0);
      api.lua_rawgeti(lua, registryIndex, this.#prefixRef);
      api.lua_rawseti(lua, -2, 1);
      this.#pushArgv(args);
      if (api.lua_pcall(lua, 2, 1, 0) !== 0) throw this.#takeError(name);
      if (this.#defect !== undefined) throw this.#takeError(name);
      return this.#readReply(name, 0);
    } catch (error) {
      throw error instanceof CommandError ? new ScriptError(name, error.message) : error;
    } finally {
      api.lua_settop(lua, 0);
      if (this.#seenAtMs !== 0) this.#forgetTime();
      if (this.#charsCarried > collectAfterChars) api.lua_gc(lua, collectAll, 0);
      this.#charsCarried = 0;
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
    for (const source of [jsonSource, bitsSource]) this.#strings.push(this.#lua, source);
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
    this.#strings.push(lua, `ended because it ran for more than ${this.#scriptMsMax} ms`);
    this.#api.lua_error(lua);
  }

  #forgetTime(): void {
    this.#seenAtMs = 0;
    this.#api.lua_sethook(this.#lua, this.#watch, countEvents, instructionsBetweenLooks);
  }

  #serveSha1(lua: number): number {
    const hash = createHash('sha1').update(this.#strings.bytes(lua, 1)).digest('hex');
    this.#strings.push(lua, hash);
    return 1;
  }

  #pushArgv(args: readonly (string | number)[]): void {
    this.#api.lua_createtable(this.#lua, args.length, 0);
    let place = 0;
    for (const arg of args) {
      place += 1;
      this.#pushString(this.#lua, typeof arg === 'string' ? arg : luaNumberText(arg));
      this.#api.lua_rawseti(this.#lua, -2, place);
    }
  }

  #serveCall(lua: number): number {
    const failure = this.#serve(lua);
    if (failure === undefined) return 1;
    this.#pushErrorTable(lua, failure);
    this.#addWhere(lua);
    // Does not return: the interpreter unwinds through this frame.
    return this.#api.lua_error(lua);
  }

  #servePcall(lua: number): number {
    const failure = this.#serve(lua);
    if (failure !== undefined) this.#pushErrorTable(lua, failure);
    return 1;
  }

  /** Pushes the command's reply, or returns why it failed. Nothing may be thrown through Lua's frames. */
  #serve(lua: number): string | undefined {
    try {
      this.#pushReply(lua, this.#executeCall(lua));
      return undefined;
    } catch (error) {
      if (error instanceof CommandError) return error.message;
      if (isLuaUnwinding(error)) throw error;
      this.#defect ??= error;
      return `ERR ${String(error)}`;
    }
  }

  #executeCall(lua: number): CommandReply {
    const count = this.#api.lua_gettop(lua);
    if (count === 0) {
      throw new CommandError('ERR Please specify at least one argument for this redis.call()');
    }
    const name = this.#readArg(lua, 1);
    const key = count > 1 ? this.#readArg(lua, 2) : undefined;
    const args: string[] = [];
    for (let index = 3; index <= count; index += 1) args.push(this.#readArg(lua, index));
    return this.#execute(name, key, args);
  }

  #readArg(lua: number, index: number): string {
    const type = this.#api.lua_type(lua, index);
    if (type === typeString) return this.#strings.read(lua, index);
    if (type === typeNumber) return luaNumberText(this.#api.lua_tonumber(lua, index));
    throw new CommandError('ERR Lua redis lib command arguments must be strings or integers');
  }

  #pushReply(lua: number, reply: CommandReply): void {
    const api = this.#api;
    if (typeof reply === 'string') this.#pushString(lua, reply);
    else if (typeof reply === 'number') api.lua_pushnumber(lua, reply);
    else if (reply === null) api.lua_pushboolean(lua, 0);
    else if (reply instanceof Status) {
      api.lua_createtable(lua, 0, 1);
      api.lua_rawgeti(lua, registryIndex, this.#okRef);
      this.#pushString(lua, reply.text);
      api.lua_rawset(lua, -3);
    } else {
      api.lua_createtable(lua, reply.length, 0);
      let place = 0;
      for (const item of reply) {
        place += 1;
        this.#pushReply(lua, item);
        api.lua_rawseti(lua, -2, place);
      }
    }
  }

  #pushErrorTable(lua: number, message: string): void {
    this.#api.lua_createtable(lua, 0, 1);
    this.#api.lua_rawgeti(lua, registryIndex, this.#errRef);
    this.#pushString(lua, message);
    this.#api.lua_rawset(lua, -3);
  }

  /** Adds the field `where` to the table on top of the stack: the script's line, for who reads the log. */
  #addWhere(lua: number): void {
    this.#api.lua_rawgeti(lua, registryIndex, this.#whereRef);
    this.#api.luaL_where(lua, 1);
    this.#api.lua_rawset(lua, -3);
  }

  /** Takes the value on top of the stack as a script's reply and pops it. */
  #readReply(name: ScriptName, depth: number): Reply {
    const api = this.#api;
    const lua = this.#lua;
    const type = api.lua_type(lua, -1);
    if (type === typeTable) return this.#readTable(name, depth);
    let reply: Reply = null;
    if (type === typeNumber) reply = integerOf(api.lua_tonumber(lua, -1));
    else if (type === typeString) reply = this.#strings.read(lua, -1);
    else if (type === typeBoolean) reply = api.lua_toboolean(lua, -1) ? 1 : null;
    api.lua_settop(lua, -2);
    return reply;
  }

  #readTable(name: ScriptName, depth: number): Reply {
    const api = this.#api;
    const lua = this.#lua;
    if (depth > replyDepthMax) throw new ScriptError(name, 'the reply nests too deeply');
    if (depth === 1) api.lua_checkstack(lua, replyStackPlaces);
    const error = this.#readField(this.#errRef);
    if (error !== undefined) throw new ScriptError(name, asErrorText(error));
    const status = this.#readField(this.#okRef);
    if (status !== undefined) {
      api.lua_settop(lua, -2);
      return asLine(status);
    }
    const items: Reply[] = [];
    for (let place = 1; ; place += 1) {
      api.lua_rawgeti(lua, -1, place);
      if (api.lua_type(lua, -1) === typeNil) break;
      items.push(this.#readReply(name, depth + 1));
    }
    api.lua_settop(lua, -2);
    if (items.length === 0) this.#refuseOtherReplies(name);
    api.lua_settop(lua, -2);
    return items;
  }

  /** Redis would answer something else than a list for them. */
  #refuseOtherReplies(name: ScriptName): void {
    const api = this.#api;
    this.#otherReplyRefs.forEach((ref, at) => {
      api.lua_rawgeti(this.#lua, registryIndex, ref);
      api.lua_rawget(this.#lua, -2);
      const isThere = api.lua_type(this.#lua, -1) !== typeNil;
      api.lua_settop(this.#lua, -2);
      if (isThere)
        throw new ScriptError(name, `a reply of the kind ${otherReplyFields[at]} is not available`);
    });
  }

  /** A string field of the table on top of the stack. */
  #readField(nameRef: number): string | undefined {
    const api = this.#api;
    const lua = this.#lua;
    api.lua_rawgeti(lua, registryIndex, nameRef);
    api.lua_rawget(lua, -2);
    const value = api.lua_type(lua, -1) === typeString ? this.#strings.readAny(lua, -1) : undefined;
    api.lua_settop(lua, -2);
    return value;
  }

  /** Turns the error value on top of the stack into what the caller is told. */
  #takeError(name: ScriptName): unknown {
    const api = this.#api;
    const defect = this.#defect;
    this.#defect = undefined;
    if (defect !== undefined) return defect;
    const type = api.lua_type(this.#lua, -1);
    if (type === typeString || type === typeNumber) {
      return new ScriptError(name, this.#strings.readAny(this.#lua, -1));
    }
    const message = type === typeTable ? this.#readField(this.#errRef) : undefined;
    if (message === undefined) {
      return new ScriptError(name, 'raised an error that is neither text nor a table with err');
    }
    const where = this.#readField(this.#whereRef)?.replace(/: $/, '');
    return new ScriptError(name, where ? `${message} (${where})` : message);
  }

  #pushString(lua: number, text: string): void {
    this.#charsCarried += text.length;
    this.#strings.push(lua, text);
  }

  #refString(text: string): number {
    this.#strings.push(this.#lua, text);
    return this.#api.luaL_ref(this.#lua, registryIndex);
  }

  #load(name: ScriptName, source: string): void {
    const code = this.#strings.withText(source, (at, size) =>
      this.#strings.withText(`@${name}`, (nameAt) =>
        this.#api.luaL_loadbuffer(this.#lua, at, size, nameAt),
      ),
    );
    if (code === 0) return;
    const message = this.#strings.read(this.#lua, -1);
    this.#api.lua_settop(this.#lua, 0);
    throw new ScriptError(name, message);
  }
}

/** Replies have integers of 64 bits; what does not fit is the least of them, as the machines' own conversion has it. */
function integerOf(value: number): number {
  if (Number.isSafeInteger(value)) return value + 0;
  const isInRange = value >= -(2 ** 63) && value < 2 ** 63;
  return isInRange ? Math.trunc(value) + 0 : -(2 ** 63);
}
