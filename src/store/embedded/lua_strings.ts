/** Carries strings between JavaScript and the interpreter's memory. Lua sees them as UTF-8 bytes. */
import { isUtf8 } from 'node:buffer';
import type { LuaWasm } from './lua_wasm.ts';
import { CommandError } from './reply.ts';

/** Strings up to this size are written to memory that is reserved once. */
const scratchBytes = 65_536;
/** A UTF-16 code unit takes at most this many bytes in UTF-8. */
const utf8BytesPerUnitMax = 3;
/** What decoding puts in place of bytes that are not UTF-8. */
const replacement = '\ufffd';

export class LuaStrings {
  readonly #wasm: LuaWasm;
  readonly #scratch: number;
  readonly #lengthOut: number;

  constructor(wasm: LuaWasm) {
    this.#wasm = wasm;
    this.#scratch = wasm.api.malloc(scratchBytes);
    this.#lengthOut = wasm.api.malloc(4);
  }

  push(lua: number, text: string): void {
    const { api } = this.#wasm;
    if (text.length * utf8BytesPerUnitMax <= scratchBytes) {
      const size = this.#wasm.bytes.write(text, this.#scratch, scratchBytes, 'utf8');
      api.lua_pushlstring(lua, this.#scratch, size);
      return;
    }
    this.withText(text, (at, size) => api.lua_pushlstring(lua, at, size));
  }

  /**
   * Reads the string at `index` of the Lua stack, which must hold a string. Throws `CommandError` when it is not text:
   * a script can cut a character in two.
   */
  read(lua: number, index: number): string {
    const text = this.readAny(lua, index);
    if (text.includes(replacement) && !isUtf8(this.bytes(lua, index))) {
      throw new CommandError(
        'ERR a string is not valid UTF-8, which the embedded engine cannot store',
      );
    }
    return text;
  }

  /** As `read`, with U+FFFD in place of what is not text. */
  readAny(lua: number, index: number): string {
    const at = this.#wasm.api.lua_tolstring(lua, index, this.#lengthOut);
    const size = this.#wasm.words[this.#lengthOut >>> 2] ?? 0;
    return this.#wasm.bytes.toString('utf8', at, at + size);
  }

  /** The bytes of the string at `index`, as long as nothing else happens in Lua. */
  bytes(lua: number, index: number): Uint8Array {
    const at = this.#wasm.api.lua_tolstring(lua, index, this.#lengthOut);
    const size = this.#wasm.words[this.#lengthOut >>> 2] ?? 0;
    return this.#wasm.bytes.subarray(at, at + size);
  }

  /** Lends memory that holds `text`, followed by a zero byte, while `use` runs. */
  withText<T>(text: string, use: (at: number, size: number) => T): T {
    const { api } = this.#wasm;
    const size = Buffer.byteLength(text);
    const at = api.malloc(size + 1);
    if (at === 0) throw new RangeError(`a value of ${size} bytes does not fit into Lua's memory`);
    try {
      this.#wasm.bytes.write(text, at, size, 'utf8');
      this.#wasm.bytes[at + size] = 0;
      return use(at, size);
    } finally {
      api.free(at);
    }
  }
}
