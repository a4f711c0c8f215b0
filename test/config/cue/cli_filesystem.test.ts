/** The disk in memory, as Go's program calls it. */
import { describe, expect, test } from 'bun:test';
import { CliFilesystem, nodeLike, outputBytesMax } from '../../../src/config/cue/cli_filesystem.ts';

const disk = () =>
  new CliFilesystem(
    new Map([
      ['cue.mod/module.cue', 'module: ""\n'],
      ['a.cue', 'größer'],
    ]),
  );

describe('the disk in memory', () => {
  test('has the folders that its files are in', () => {
    const files = disk();
    expect(files.readdir('.')).toEqual(['a.cue', 'cue.mod']);
    expect(files.readdir('/cue.mod')).toEqual(['module.cue']);
    expect(files.stat('/cue.mod').isDirectory()).toBe(true);
    expect(files.stat('./a.cue')).toMatchObject({ size: 8, ino: 4 });
  });

  test('is read in parts, from a place or onwards', () => {
    const files = disk();
    const descriptor = files.open('a.cue', 0);
    const buffer = new Uint8Array(8);
    expect(files.read(descriptor, buffer, 0, 3, null)).toBe(3);
    expect(files.read(descriptor, buffer, 3, 8, null)).toBe(5);
    expect(files.read(descriptor, buffer, 0, 8, null)).toBe(0);
    expect(new TextDecoder().decode(buffer)).toBe('größer');
    files.close(descriptor);
    expect(() => files.read(descriptor, buffer, 0, 1, 0)).toThrow('EBADF');
  });

  test('cannot be written, and says which file is not there', () => {
    const files = disk();
    expect(() => files.open('b.cue', 0)).toThrow('ENOENT b.cue');
    expect(() => files.open('a.cue', 1)).toThrow('EROFS');
    expect(() => files.writeSync(10, new Uint8Array(1))).toThrow('EROFS');
  });

  test('keeps what is printed up to a bound', () => {
    const files = disk();
    files.writeSync(2, new TextEncoder().encode('oh'));
    files.writeSync(1, new Uint8Array(outputBytesMax).fill(97));
    expect(files.printed(2)).toBe('oh');
    expect(files.printed(1).length).toBe(outputBytesMax - 2);
  });
});

describe('Go hears', () => {
  // Its program names calls that only `node:fs` has in full.
  const call = (name: string, ...args: unknown[]) =>
    new Promise<unknown>((resolve) => {
      const method: unknown = Reflect.get(nodeLike(disk()), name);
      if (typeof method !== 'function') throw new Error(`${name} is no call`);
      method(...args, (error: { code?: string } | null, value: unknown) =>
        resolve(error?.code ?? value),
      );
    });

  test('values and codes of errors by callback', async () => {
    expect(await call('readdir', '/')).toEqual(['a.cue', 'cue.mod']);
    expect(await call('stat', 'nope')).toBe('ENOENT');
    expect(await call('readlink', 'a.cue')).toBe('EINVAL');
  });

  test('that every other call does not exist', async () => {
    expect(await call('unlink', 'a.cue')).toBe('ENOSYS');
  });
});
