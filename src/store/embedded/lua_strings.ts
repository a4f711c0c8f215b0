/**
 * Carries strings between JavaScript and the interpreter's memory. Lua sees them as UTF-8 bytes, and has each short one
 * only once: what was read or written is known by its pointer until Lua collects its garbage.
 */
import { isUtf8 } from 'node:buffer';
import { stateTop, stringBytesAt, stringLength, valueBytes } from './lua_layout.ts';
import type { LuaWasm } from './lua_wasm.ts';
import { CommandError } from './reply.ts';

/** Strings up to this size are written to memory that is reserved once. */
const scratchBytes = 65_536;
/** A UTF-16 code unit takes at most this many bytes in UTF-8. */
const utf8BytesPerUnitMax = 3;
/** What decoding puts in place of bytes that are not UTF-8. */
const replacement = '\ufffd';
/** A power of two. Strings whose pointers share a place in the table push each other out. */
const knownMax = 16_384;
/** Strings of Lua are further apart than 16 bytes. */
const pointerShift = 4;

export class LuaStrings {
  readonly #wasm: LuaWasm;
  readonly #lua: number;
  readonly #scratch: number;
  readonly #encoder = new TextEncoder();
  #scratchView: Uint8Array;
  /** What `#scratchView` is a view of. */
  #viewedBytes: Buffer | undefined;
  readonly #knownPointers = new Uint32Array(knownMax);
  #knownTexts: string[] = newTexts();

  constructor(wasm: LuaWasm, lua: number) {
    this.#wasm = wasm;
    this.#lua = lua;
    this.#scratch = wasm.api.malloc(scratchBytes);
    this.#scratchView = this.#viewScratch();
  }

  /** To be called before strings may be freed: another may get the place of one that is known. */
  forget(): void {
    this.#knownPointers.fill(0);
    this.#knownTexts = newTexts();
  }

  /** Returns its size in bytes. */
  push(text: string): number {
    const { api } = this.#wasm;
    if (text.length * utf8BytesPerUnitMax <= scratchBytes) {
      if (this.#viewedBytes !== this.#wasm.bytes) this.#scratchView = this.#viewScratch();
      const size = this.#encoder.encodeInto(text, this.#scratchView).written;
      api.lua_pushlstring(this.#lua, this.#scratch, size);
      return size;
    }
    return this.withText(text, (at, size) => {
      api.lua_pushlstring(this.#lua, at, size);
      return size;
    });
  }

  /** The pointer of a string of Lua with this text. Nothing but the collector's being at rest keeps it alive. */
  pointerTo(text: string): number {
    const size = this.push(text);
    const { words } = this.#wasm;
    const state = this.#lua >>> 2;
    const top = (words[state + stateTop] ?? 0) - valueBytes;
    words[state + stateTop] = top;
    const pointer = words[top >>> 2] ?? 0;
    // Half a character arrives as U+FFFD. A text of as many bytes as units is ASCII.
    if (size === text.length || text.isWellFormed()) this.#know(pointer, text);
    return pointer;
  }

  /** The text of a string. Throws `CommandError` when it is not text: a script can cut a character in two. */
  read(pointer: number): string {
    const place = (pointer >>> pointerShift) & (knownMax - 1);
    if (this.#knownPointers[place] === pointer) return this.#knownTexts[place] ?? '';
    const text = this.readAny(pointer);
    if (text.includes(replacement) && !isUtf8(this.bytes(pointer))) {
      throw new CommandError(
        'ERR a string is not valid UTF-8, which the embedded engine cannot store',
      );
    }
    this.#know(pointer, text);
    return text;
  }

  /** As `read`, with U+FFFD in place of what is not text. */
  readAny(pointer: number): string {
    const at = pointer + stringBytesAt;
    return this.#wasm.bytes.toString('utf8', at, at + this.#sizeOf(pointer));
  }

  /** As `readAny`, of the string or number on top of the stack. */
  readTop(): string {
    return this.readAny(this.#wasm.api.lua_tolstring(this.#lua, -1, 0) - stringBytesAt);
  }

  /** The bytes of a string, as long as nothing else happens in Lua. */
  bytes(pointer: number): Uint8Array {
    const at = pointer + stringBytesAt;
    return this.#wasm.bytes.subarray(at, at + this.#sizeOf(pointer));
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

  #know(pointer: number, text: string): void {
    const place = (pointer >>> pointerShift) & (knownMax - 1);
    this.#knownPointers[place] = pointer;
    this.#knownTexts[place] = text;
  }

  #sizeOf(pointer: number): number {
    return this.#wasm.words[(pointer >>> 2) + stringLength] ?? 0;
  }

  #viewScratch(): Uint8Array {
    this.#viewedBytes = this.#wasm.bytes;
    return new Uint8Array(this.#wasm.bytes.buffer, this.#scratch, scratchBytes);
  }
}

const newTexts = (): string[] => new Array<string>(knownMax).fill('');
