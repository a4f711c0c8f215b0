/** Carries strings between JavaScript and the interpreter's memory. Lua sees them as UTF-8 bytes. */
import type { LuaWasm } from './lua_wasm.ts';

/** Strings up to this size are written to memory that is reserved once. */
const scratchBytes = 65_536;
/** A UTF-16 code unit takes at most this many bytes in UTF-8. */
const utf8BytesPerUnitMax = 3;

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

  /** Reads the string at `index` of the Lua stack, which must hold a string. */
  read(lua: number, index: number): string {
    const at = this.#wasm.api.lua_tolstring(lua, index, this.#lengthOut);
    const size = this.#wasm.words[this.#lengthOut >>> 2] ?? 0;
    return this.#wasm.bytes.toString('utf8', at, at + size);
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
