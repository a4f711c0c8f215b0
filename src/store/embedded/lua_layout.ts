/**
 * Where Lua 5.1 keeps what the engine reads and writes in place: the structures of its lobject.h and lstate.h as a
 * compiler with pointers of 32 bits lays them out. Crossing into the interpreter costs as much as ten such reads.
 *
 * Offsets without a unit in their name count words of 4 bytes.
 */
import type { LuaWasm } from './lua_wasm.ts';

/** lua_State: CommonHeader and status (8 bytes), top, base, l_G. */
export const stateTop = 2;
export const stateBase = 3;
const stateGlobal = 4;

/** TValue: a double or a pointer (8 bytes), then its type. */
export const valueBytes = 16;
const valueWords = 4;
export const valueType = 2;

/** TString: CommonHeader and reserved (8 bytes), hash, len; then the bytes. */
export const stringLength = 3;
export const stringBytesAt = 16;

/** Table: CommonHeader and sizes (8 bytes), metatable, array, node, lastfree, gclist, sizearray. */
export const tableArray = 3;
export const tableNode = 4;
export const tableArraySize = 7;

/** global_State: strt (12 bytes), frealloc, ud, then currentwhite and gcstate in one word; GCthreshold, totalbytes. */
const globalCollectorState = 5;
const globalThreshold = 16;
const globalTotalBytes = 17;

/** Of lua.h. */
export const typeNil = 0;
export const typeBoolean = 1;
export const typeNumber = 3;
export const typeString = 4;
export const typeTable = 5;
export const collectAll = 2;
const collectorStop = 0;
const countKibibytes = 3;
const countBytesBeyond = 4;

/** What `lua_gc(LUA_GCSTOP)` sets: MAX_LUMEM of llimits.h. */
export const thresholdNever = 0xffff_fffd;

/** The words of the interpreter's global state that say what its garbage collector is about. */
export interface CollectorWords {
  /** Its second byte is 0 between collections. */
  readonly state: number;
  /** A collection starts when `total` reaches it. */
  readonly threshold: number;
  /** Bytes in use. */
  readonly total: number;
}

export function collectorWords({ words }: LuaWasm, lua: number): CollectorWords {
  const global = (words[(lua >>> 2) + stateGlobal] ?? 0) >>> 2;
  return {
    state: global + globalCollectorState,
    threshold: global + globalThreshold,
    total: global + globalTotalBytes,
  };
}

/** Throws when the interpreter is laid out in another way. Its stack must be empty. */
export function checkLayout(wasm: LuaWasm, lua: number): void {
  const isAsExpected = areValuesAsExpected(wasm, lua) && isCollectorAsExpected(wasm, lua);
  wasm.api.lua_settop(lua, 0);
  if (isAsExpected) return;
  throw new Error(
    'the Lua interpreter keeps its values in other places than src/store/embedded/lua_layout.ts says: bring that file ' +
      'up to date with the lobject.h and lstate.h that the package wasmoon-lua5.1 was built from',
  );
}

const sampleText = 'layout';
const sampleNumber = 0.5;

/** A string, and a table whose first item is written in place. */
function areValuesAsExpected(wasm: LuaWasm, lua: number): boolean {
  const { api } = wasm;
  const at = api.malloc(sampleText.length);
  wasm.bytes.write(sampleText, at);
  api.lua_pushlstring(lua, at, sampleText.length);
  api.free(at);
  api.lua_createtable(lua, 2, 0);
  const { words, doubles, bytes } = wasm;
  const state = lua >>> 2;
  const base = words[state + stateBase] ?? 0;
  const top = words[state + stateTop] ?? 0;
  const first = base >>> 2;
  const second = first + valueWords;
  const text = words[first] ?? 0;
  const table = (words[second] ?? 0) >>> 2;
  const array = words[table + tableArray] ?? 0;
  const isInPlace =
    top - base === 2 * valueBytes &&
    words[first + valueType] === typeString &&
    words[second + valueType] === typeTable &&
    words[(text >>> 2) + stringLength] === sampleText.length &&
    bytes.toString('utf8', text + stringBytesAt, text + stringBytesAt + sampleText.length) ===
      sampleText &&
    words[table + tableArraySize] === 2 &&
    words[(array >>> 2) + valueType] === typeNil;
  if (!isInPlace) return false;
  doubles[array >>> 3] = sampleNumber;
  words[(array >>> 2) + valueType] = typeNumber;
  api.lua_rawgeti(lua, -1, 1);
  return api.lua_tonumber(lua, -1) === sampleNumber;
}

function isCollectorAsExpected(wasm: LuaWasm, lua: number): boolean {
  const { api } = wasm;
  api.lua_gc(lua, collectAll, 0);
  const { state, threshold, total } = collectorWords(wasm, lua);
  const bytesUsed =
    api.lua_gc(lua, countKibibytes, 0) * 1024 + api.lua_gc(lua, countBytesBeyond, 0);
  const isAtRest = ((wasm.words[state] ?? 0) & 0xff00) === 0;
  api.lua_gc(lua, collectorStop, 0);
  return isAtRest && wasm.words[total] === bytesUsed && wasm.words[threshold] === thresholdNever;
}
