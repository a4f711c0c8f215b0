/**
 * Reads and writes Lua's values in place. The collector must be at rest meanwhile (`LuaHeap.hold`): it is not told of what
 * is put into a table.
 */
import {
  stateBase,
  stateTop,
  tableArray,
  typeBoolean,
  typeNumber,
  typeString,
  typeTable,
  valueBytes,
  valueType,
} from './lua_layout.ts';
import type { LuaStrings } from './lua_strings.ts';
import type { LuaWasm } from './lua_wasm.ts';
import { luaNumberText } from './number_text.ts';
import { CommandError, type CommandReply, Status } from './reply.ts';

export class LuaValues {
  readonly #wasm: LuaWasm;
  readonly #strings: LuaStrings;
  readonly #lua: number;
  readonly #state: number;
  /** Lives as long as the interpreter. */
  readonly #ok: number;

  /** `ok` is a string that is never collected. */
  constructor(wasm: LuaWasm, lua: number, strings: LuaStrings, ok: number) {
    this.#wasm = wasm;
    this.#strings = strings;
    this.#lua = lua;
    this.#state = lua >>> 2;
    this.#ok = ok;
  }

  /** How many arguments the function of JavaScript that runs now was given. */
  get argCount(): number {
    const { words } = this.#wasm;
    const base = words[this.#state + stateBase] ?? 0;
    return ((words[this.#state + stateTop] ?? 0) - base) / valueBytes;
  }

  /** An argument of a command, counted from 0. */
  readArg(place: number): string {
    const slot = this.#word(this.#state + stateBase) + place * valueBytes;
    const type = this.#word((slot >>> 2) + valueType);
    if (type === typeString) return this.#strings.read(this.#word(slot >>> 2));
    if (type === typeNumber) return luaNumberText(this.#wasm.doubles[slot >>> 3] ?? 0);
    throw new CommandError('ERR Lua redis lib command arguments must be strings or integers');
  }

  /** The pointer of an argument that is a string. */
  pointerOfArg(place: number): number {
    return this.#word((this.#word(this.#state + stateBase) + place * valueBytes) >>> 2);
  }

  /** Pushes a command's reply. */
  push(reply: CommandReply): void {
    this.#write(this.#top(), reply);
    this.#raiseTop();
  }

  /** Pushes a list of texts; numbers as Lua prints them. */
  pushTexts(texts: readonly (string | number)[]): void {
    const table = this.#takeNewTable(texts.length, 0);
    let slot = this.#word((table >>> 2) + tableArray);
    for (const text of texts) {
      this.#write(slot, typeof text === 'string' ? text : luaNumberText(text));
      slot += valueBytes;
    }
    this.#writePointer(this.#top(), table, typeTable);
    this.#raiseTop();
  }

  /** Pushes a list of one string of Lua. */
  pushListOf(pointer: number): void {
    const table = this.#takeNewTable(1, 0);
    this.#writePointer(this.#word((table >>> 2) + tableArray), pointer, typeString);
    this.#writePointer(this.#top(), table, typeTable);
    this.#raiseTop();
  }

  /** Writes a value to memory of Lua that is reachable for it, or will be before the collector runs. */
  #write(slot: number, reply: CommandReply): void {
    if (typeof reply === 'string') {
      this.#writePointer(slot, this.#strings.pointerTo(reply), typeString);
    } else if (typeof reply === 'number') {
      this.#wasm.doubles[slot >>> 3] = reply;
      this.#wasm.words[(slot >>> 2) + valueType] = typeNumber;
    } else if (reply === null) this.#writePointer(slot, 0, typeBoolean);
    else if (reply instanceof Status) this.#writePointer(slot, this.#newStatus(reply), typeTable);
    else this.#writePointer(slot, this.#newList(reply), typeTable);
  }

  #newList(items: readonly CommandReply[]): number {
    const table = this.#takeNewTable(items.length, 0);
    let slot = this.#word((table >>> 2) + tableArray);
    for (const item of items) {
      this.#write(slot, item);
      slot += valueBytes;
    }
    return table;
  }

  #newStatus({ text }: Status): number {
    const { api } = this.#wasm;
    const table = this.#takeNewTable(0, 1);
    this.#writePointer(this.#top(), table, typeTable);
    this.#raiseTop();
    this.#writePointer(this.#top(), this.#ok, typeString);
    this.#raiseTop();
    this.#strings.push(text);
    api.lua_rawset(this.#lua, -3);
    api.lua_settop(this.#lua, -2);
    return table;
  }

  #takeNewTable(items: number, fields: number): number {
    this.#wasm.api.lua_createtable(this.#lua, items, fields);
    const top = this.#top() - valueBytes;
    this.#wasm.words[this.#state + stateTop] = top;
    return this.#word(top >>> 2);
  }

  #writePointer(slot: number, pointer: number, type: number): void {
    const { words } = this.#wasm;
    words[slot >>> 2] = pointer;
    words[(slot >>> 2) + valueType] = type;
  }

  #raiseTop(): void {
    this.#wasm.words[this.#state + stateTop] = this.#top() + valueBytes;
  }

  #top(): number {
    return this.#word(this.#state + stateTop);
  }

  #word(at: number): number {
    return this.#wasm.words[at] ?? 0;
  }
}
