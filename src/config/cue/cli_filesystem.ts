/**
 * The disk that the CUE command line sees: the files of one run, in memory. Nothing is read from the real disk and
 * nothing is written to it; what the program prints is kept up to a bound.
 */

/** Of what one run prints. Errors of a document with a thousand of them fit. */
export const outputBytesMax = 4 * 1024 * 1024;

/** Go's program reads these by name; the values are those of Linux. */
const constants = {
  O_WRONLY: 1,
  O_RDWR: 2,
  O_CREAT: 0o100,
  O_EXCL: 0o200,
  O_TRUNC: 0o1000,
  O_APPEND: 0o2000,
};
const writingFlags = constants.O_WRONLY | constants.O_RDWR | constants.O_CREAT;

const directoryMode = 0o040555;
const fileMode = 0o100444;
const firstDescriptor = 10;
const stdin = 0;
const stdout = 1;
const stderr = 2;

interface Entry {
  readonly path: string;
  readonly inode: number;
  /** Null for a folder. */
  readonly bytes: Uint8Array | null;
}

/** The calls of `node:fs` that Go's program makes, without their callbacks. */
export class CliFilesystem {
  readonly #entries = new Map<string, Entry>();
  readonly #open = new Map<number, { readonly entry: Entry; offset: number }>();
  readonly #printed: { readonly descriptor: number; readonly bytes: Uint8Array }[] = [];
  #printedBytes = 0;
  #nextDescriptor = firstDescriptor;

  /** Paths below the root, and their texts. */
  constructor(files: ReadonlyMap<string, string>) {
    this.#add('/', null);
    const encoder = new TextEncoder();
    for (const [name, text] of files) {
      const path = absolute(name);
      for (let end = path.indexOf('/', 1); end > 0; end = path.indexOf('/', end + 1)) {
        this.#add(path.slice(0, end), null);
      }
      this.#add(path, encoder.encode(text));
    }
  }

  printed(descriptor: 1 | 2): string {
    const parts = this.#printed.filter((part) => part.descriptor === descriptor);
    return Buffer.concat(parts.map(({ bytes }) => bytes)).toString();
  }

  open(path: string, flags: number): number {
    if (flags & writingFlags) throw failure('EROFS', path);
    const descriptor = this.#nextDescriptor++;
    this.#open.set(descriptor, { entry: this.#entry(path), offset: 0 });
    return descriptor;
  }

  close(descriptor: number): void {
    if (!this.#open.delete(descriptor)) throw failure('EBADF');
  }

  read(
    descriptor: number,
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number | null,
  ): number {
    if (descriptor === stdin) return 0;
    const file = this.#file(descriptor);
    if (file.entry.bytes === null) throw failure('EISDIR', file.entry.path);
    const start = position ?? file.offset;
    const part = file.entry.bytes.subarray(start, start + length);
    buffer.set(part, offset);
    if (position === null) file.offset += part.length;
    return part.length;
  }

  write(descriptor: number, buffer: Uint8Array, offset: number, length: number): number {
    return this.writeSync(descriptor, buffer.subarray(offset, offset + length));
  }

  writeSync(descriptor: number, bytes: Uint8Array): number {
    if (descriptor !== stdout && descriptor !== stderr) throw failure('EROFS');
    const kept = bytes.slice(0, outputBytesMax - this.#printedBytes);
    this.#printedBytes += kept.length;
    if (kept.length > 0) this.#printed.push({ descriptor, bytes: kept });
    return bytes.length;
  }

  stat(path: string) {
    return statusOf(this.#entry(path));
  }

  lstat(path: string) {
    return this.stat(path);
  }

  fstat(descriptor: number) {
    return statusOf(this.#file(descriptor).entry);
  }

  readdir(path: string): string[] {
    const folder = this.#entry(path).path;
    const prefix = folder === '/' ? '/' : `${folder}/`;
    return [...this.#entries.keys()]
      .filter((entry) => entry.startsWith(prefix) && entry.length > prefix.length)
      .map((entry) => entry.slice(prefix.length))
      .filter((name) => !name.includes('/'))
      .sort();
  }

  fsync(): void {}

  readlink(path: string): never {
    throw failure('EINVAL', this.#entry(path).path);
  }

  #entry(path: string): Entry {
    const entry = this.#entries.get(absolute(path));
    if (entry === undefined) throw failure('ENOENT', path);
    return entry;
  }

  #file(descriptor: number) {
    const file = this.#open.get(descriptor);
    if (file === undefined) throw failure('EBADF');
    return file;
  }

  #add(path: string, bytes: Uint8Array | null): void {
    if (this.#entries.has(path)) return;
    this.#entries.set(path, { path, inode: this.#entries.size + 1, bytes });
  }
}

/** As Go's program calls it: with callbacks, and everything else that `node:fs` has does not exist here. */
export function nodeLike(filesystem: CliFilesystem): object {
  return new Proxy(filesystem, {
    get(target, name) {
      if (name === 'constants') return constants;
      // Called with the last words of a program that fails.
      if (name === 'writeSync') return target.writeSync.bind(target);
      const method: unknown = Reflect.get(target, name, target);
      return (...args: unknown[]) => {
        const callback = args.pop();
        if (typeof callback !== 'function') return;
        // Never within the call: the program would then run inside itself, and its errors be lost there.
        queueMicrotask(() => {
          const [error, value] = outcome(() => {
            if (typeof method !== 'function') throw failure('ENOSYS', String(name));
            return method.apply(target, args);
          });
          callback(error, value);
        });
      };
    },
  });
}

function outcome(call: () => unknown): [unknown, unknown] {
  try {
    return [null, call()];
  } catch (error) {
    return [error, undefined];
  }
}

/** `.` is the root. */
function absolute(path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  return `/${parts.join('/')}`;
}

function statusOf({ inode, bytes }: Entry) {
  const size = bytes?.length ?? 0;
  return {
    dev: 1,
    ino: inode,
    mode: bytes === null ? directoryMode : fileMode,
    nlink: 1,
    uid: 0,
    gid: 0,
    rdev: 0,
    size,
    blksize: 4096,
    blocks: Math.ceil(size / 512),
    atimeMs: 0,
    mtimeMs: 0,
    ctimeMs: 0,
    isDirectory: () => bytes === null,
  };
}

function failure(code: string, path = ''): Error {
  return Object.assign(new Error(`${code} ${path}`), { code });
}
