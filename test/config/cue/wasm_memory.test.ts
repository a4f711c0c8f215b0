import { describe, expect, test } from 'bun:test';
import { pageBytes, withMemoryLimit } from '../../../src/config/cue/wasm_memory.ts';

/** One page of memory, exported as `m`; the section's sizes take more bytes than they need, as Go's compiler has it. */
const program = Uint8Array.of(
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...[5, 0x84, 0x80, 0x80, 0x00, 1, 0, 0x81, 0x00],
  ...[7, 5, 1, 1, 0x6d, 2, 0],
);

async function memoryOf(bytes: Uint8Array<ArrayBuffer>): Promise<WebAssembly.Memory> {
  const { instance } = await WebAssembly.instantiate(bytes);
  const { m } = instance.exports;
  if (!(m instanceof WebAssembly.Memory)) throw new Error('the program has no memory');
  return m;
}

describe('withMemoryLimit', () => {
  test('lets memory grow up to the limit and no further', async () => {
    const memory = await memoryOf(withMemoryLimit(program, 300 * pageBytes));
    expect(memory.grow(299)).toBe(1);
    expect(() => memory.grow(1)).toThrow();
  });

  test('refuses a limit below what the program starts with', () => {
    expect(() => withMemoryLimit(program, pageBytes - 1)).toThrow(RangeError);
  });

  test('refuses what is no program with a memory', () => {
    expect(() => withMemoryLimit(program.slice(0, 8), pageBytes)).toThrow('no memory section');
    expect(() => withMemoryLimit(new Uint8Array(100).fill(0xff), pageBytes)).toThrow('32 bits');
  });
});
