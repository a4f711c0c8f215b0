/** Reads what a script returns, as Redis turns Lua's values into replies. Nothing may be collected meanwhile. */
import { type Reply, ScriptError, type ScriptName } from '../store.ts';
import {
  stateTop,
  tableArray,
  tableArraySize,
  tableNode,
  typeBoolean,
  typeNil,
  typeNumber,
  typeString,
  typeTable,
  valueBytes,
  valueType,
} from './lua_layout.ts';
import type { LuaStrings } from './lua_strings.ts';
import type { LuaWasm } from './lua_wasm.ts';
import { asErrorText, asLine } from './reply.ts';

/** Far more than any reply needs; a table that holds itself has no end. */
const replyDepthMax = 100;
/** What each level of a nested reply may leave on Lua's stack: a table and its item. */
const stackPlacesPerLevel = 2;
/** Kinds of replies that only RESP3 has. */
const otherFields = ['double', 'map', 'set', 'big_number', 'verbatim_string'];

export class LuaReplies {
  readonly #wasm: LuaWasm;
  readonly #strings: LuaStrings;
  readonly #lua: number;
  /** What tables that have only items of an array hold in place of nodes. */
  readonly #noNodes: number;

  constructor(wasm: LuaWasm, lua: number, strings: LuaStrings) {
    this.#wasm = wasm;
    this.#strings = strings;
    this.#lua = lua;
    wasm.api.lua_createtable(lua, 0, 0);
    this.#noNodes = this.#word((this.#word(this.#slotOnTop() >>> 2) >>> 2) + tableNode);
    wasm.api.lua_settop(lua, -2);
  }

  /** The value on top of the stack. Leaves the stack as it likes. */
  readTop(name: ScriptName): Reply {
    return this.#read(this.#slotOnTop(), name, 0);
  }

  /** A string field of the table on top of the stack; undefined when there is none. */
  readField(name: string): string | undefined {
    return this.#readField(this.#word(this.#slotOnTop() >>> 2), name);
  }

  #read(slot: number, name: ScriptName, depth: number): Reply {
    const value = this.#word(slot >>> 2);
    const type = this.#word((slot >>> 2) + valueType);
    if (type === typeNumber) return integerOf(this.#wasm.doubles[slot >>> 3] ?? 0);
    if (type === typeString) return this.#strings.read(value);
    if (type === typeTable) return this.#readTable(value, name, depth);
    return type === typeBoolean && value !== 0 ? 1 : null;
  }

  #readTable(table: number, name: ScriptName, depth: number): Reply {
    if (depth > replyDepthMax) throw new ScriptError(name, 'the reply nests too deeply');
    const hasNodes = this.#word((table >>> 2) + tableNode) !== this.#noNodes;
    if (hasNodes) {
      const error = this.#readField(table, 'err');
      if (error !== undefined) throw new ScriptError(name, asErrorText(error));
      const status = this.#readField(table, 'ok');
      if (status !== undefined) return asLine(status);
    }
    const items: Reply[] = [];
    const isWhole = this.#readArray(table, items, name, depth);
    if (hasNodes && !isWhole) this.#readNodes(table, items, name, depth);
    if (hasNodes && items.length === 0) this.#refuseOthers(table, name);
    return items;
  }

  /** Items that lie in the table's array. Returns whether the list ends there. */
  #readArray(table: number, items: Reply[], name: ScriptName, depth: number): boolean {
    const size = this.#word((table >>> 2) + tableArraySize);
    let slot = this.#word((table >>> 2) + tableArray);
    for (let place = 0; place < size; place += 1) {
      if (this.#word((slot >>> 2) + valueType) === typeNil) return true;
      items.push(this.#read(slot, name, depth + 1));
      slot += valueBytes;
    }
    return false;
  }

  /** Items that lie elsewhere, because the list was not made in order. */
  #readNodes(table: number, items: Reply[], name: ScriptName, depth: number): void {
    const { api } = this.#wasm;
    api.lua_checkstack(this.#lua, stackPlacesPerLevel + 1);
    this.#push(table, typeTable);
    for (;;) {
      api.lua_rawgeti(this.#lua, -1, items.length + 1);
      const slot = this.#slotOnTop();
      if (this.#word((slot >>> 2) + valueType) === typeNil) break;
      items.push(this.#read(slot, name, depth + 1));
      api.lua_settop(this.#lua, -2);
    }
    api.lua_settop(this.#lua, -1 - stackPlacesPerLevel);
  }

  /** Redis would answer something else than a list for them. */
  #refuseOthers(table: number, name: ScriptName): void {
    for (const field of otherFields) {
      if (this.#hasField(table, field)) {
        throw new ScriptError(name, `a reply of the kind ${field} is not available`);
      }
    }
  }

  #readField(table: number, name: string): string | undefined {
    const slot = this.#findField(table, name);
    const isText = this.#word((slot >>> 2) + valueType) === typeString;
    const text = isText ? this.#strings.readAny(this.#word(slot >>> 2)) : undefined;
    this.#wasm.api.lua_settop(this.#lua, -1 - stackPlacesPerLevel);
    return text;
  }

  #hasField(table: number, name: string): boolean {
    const slot = this.#findField(table, name);
    const isThere = this.#word((slot >>> 2) + valueType) !== typeNil;
    this.#wasm.api.lua_settop(this.#lua, -1 - stackPlacesPerLevel);
    return isThere;
  }

  /** Where a field's value is: on top of the stack, below it the table. */
  #findField(table: number, name: string): number {
    const { api } = this.#wasm;
    api.lua_checkstack(this.#lua, stackPlacesPerLevel + 1);
    this.#push(table, typeTable);
    this.#push(this.#strings.pointerTo(name), typeString);
    api.lua_rawget(this.#lua, -2);
    return this.#slotOnTop();
  }

  #push(pointer: number, type: number): void {
    const { words } = this.#wasm;
    const state = this.#lua >>> 2;
    const top = words[state + stateTop] ?? 0;
    words[top >>> 2] = pointer;
    words[(top >>> 2) + valueType] = type;
    words[state + stateTop] = top + valueBytes;
  }

  #slotOnTop(): number {
    return this.#word((this.#lua >>> 2) + stateTop) - valueBytes;
  }

  #word(at: number): number {
    return this.#wasm.words[at] ?? 0;
  }
}

/** Replies have integers of 64 bits; what does not fit is the least of them, as the machines' own conversion has it. */
function integerOf(value: number): number {
  if (Number.isSafeInteger(value)) return value + 0;
  const isInRange = value >= -(2 ** 63) && value < 2 ** 63;
  return isInRange ? Math.trunc(value) + 0 : -(2 ** 63);
}
