/**
 * Decides when Lua collects its garbage. While it does not, no string is freed, so what is known about a pointer to one
 * holds; `forget` is called whenever that may have ended.
 */
import { type CollectorWords, collectAll, collectorWords, thresholdNever } from './lua_layout.ts';
import type { LuaWasm } from './lua_wasm.ts';

/** Collecting takes some ms when this much has come together: less would mean marking what stays more often. */
const garbageBytesMax = 1_048_576;

export class LuaHeap {
  readonly #wasm: LuaWasm;
  readonly #lua: number;
  readonly #at: CollectorWords;
  readonly #forget: () => void;
  /** Lua itself only ever sets even ones when it has collected: its pause is a multiple of two. */
  #threshold = 1;

  constructor(wasm: LuaWasm, lua: number, forget: () => void) {
    this.#wasm = wasm;
    this.#lua = lua;
    this.#at = collectorWords(wasm, lua);
    this.#forget = forget;
    this.collect();
  }

  /**
   * Until `release` nothing is collected, so that values may be written into tables without telling the collector. When
   * Lua has begun to collect on its own, in the middle of a script that makes much garbage, that is finished first.
   */
  hold(): void {
    if (!this.#isAtRest()) this.collect();
    this.#wasm.words[this.#at.threshold] = thresholdNever;
  }

  release(): void {
    this.#wasm.words[this.#at.threshold] = this.#threshold;
  }

  /** To be called after every script; releases what is held. */
  tidy(): void {
    const { words } = this.#wasm;
    if (words[this.#at.threshold] === thresholdNever) this.release();
    if ((words[this.#at.total] ?? 0) >= this.#threshold || !this.#isAtRest()) this.collect();
  }

  collect(): void {
    this.#forget();
    this.#wasm.api.lua_gc(this.#lua, collectAll, 0);
    const { words } = this.#wasm;
    this.#threshold = (((words[this.#at.total] ?? 0) + garbageBytesMax) | 1) >>> 0;
    this.release();
  }

  #isAtRest(): boolean {
    const { words } = this.#wasm;
    return (
      words[this.#at.threshold] === this.#threshold && ((words[this.#at.state] ?? 0) & 0xff00) === 0
    );
  }
}
