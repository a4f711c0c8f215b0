/**
 * How much memory a WebAssembly program may have. Go's compiler sets no bound, so a document could have as much as the
 * machine; with one, growing fails inside the program, which ends itself, and nothing outside notices.
 */

export const pageBytes = 65_536;

const headerBytes = 8;
const memorySection = 5;
const hasMaximum = 1;

/**
 * The program, with the bound written into it. Throws a RangeError when it starts with more than that, and an Error
 * when it has no memory of its own.
 */
export function withMemoryLimit(program: Uint8Array, memoryBytes: number): Uint8Array<ArrayBuffer> {
  const pages = Math.floor(memoryBytes / pageBytes);
  for (let at = headerBytes; at < program.length; ) {
    const size = readNumber(program, at + 1);
    const end = size.next + size.value;
    if (program[at] === memorySection) {
      const section = limitedSection(program, size.next, pages);
      const limited = new Uint8Array(at + section.length + program.length - end);
      limited.set(program.subarray(0, at));
      limited.set(section, at);
      limited.set(program.subarray(end), at + section.length);
      return limited;
    }
    at = end;
  }
  throw new Error('the program has no memory section');
}

/** Of a section that describes one memory, as every program has at most. */
function limitedSection(program: Uint8Array, start: number, pages: number): number[] {
  const count = readNumber(program, start);
  const initial = readNumber(program, count.next + 1);
  if (initial.value > pages) {
    throw new RangeError(`the program needs ${initial.value * pageBytes} bytes of memory to start`);
  }
  const body = [1, hasMaximum, ...numberBytes(initial.value), ...numberBytes(pages)];
  return [memorySection, ...numberBytes(body.length), ...body];
}

/** LEB128: seven bits a byte, the lowest first. */
function readNumber(bytes: Uint8Array, at: number): { value: number; next: number } {
  let value = 0;
  for (let index = 0; index < 5; index += 1) {
    const byte = bytes[at + index] ?? 0;
    value += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return { value, next: at + index + 1 };
  }
  throw new Error('the program has a number of more than 32 bits where a size belongs');
}

function numberBytes(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest % 0x80;
    rest = Math.floor(rest / 0x80);
    bytes.push(rest > 0 ? low + 0x80 : low);
  } while (rest > 0);
  return bytes;
}
