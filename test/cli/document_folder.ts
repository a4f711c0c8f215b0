/** A folder with documents in it, and the program run there. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type Ended, type Environment, endedProgram } from '../ended_program.ts';
import { temporaryFolder } from './program.ts';

const main = resolve(import.meta.dir, '../../src/main.ts');

export class DocumentFolder implements Disposable {
  readonly path = temporaryFolder();

  constructor(files: Readonly<Record<string, string>> = {}) {
    for (const [name, text] of Object.entries(files)) this.write(name, text);
  }

  write(name: string, text: string): void {
    const path = join(this.path, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }

  read(name: string): string {
    return readFileSync(join(this.path, name), 'utf8');
  }

  /** Nothing of the developer's own variables reaches the program. */
  run(args: readonly string[], { env = {}, stdin = '' }: RunOptions = {}): Promise<Ended> {
    const command = [process.execPath, main, ...args];
    const allEnv = { PATH: process.env.PATH ?? '', ...env };
    return endedProgram(command, { cwd: this.path, env: allEnv, stdin });
  }

  /** What a person at a terminal sees. */
  async show(args: readonly string[], env: Environment = {}): Promise<string> {
    const shown: Uint8Array[] = [];
    const ended = Promise.withResolvers<void>();
    const child = Bun.spawn([process.execPath, main, ...args], {
      cwd: this.path,
      env: { PATH: process.env.PATH ?? '', TERM: 'xterm', ...env },
      terminal: {
        cols: 100,
        rows: 40,
        data: (_, bytes) => void shown.push(bytes.slice()),
        exit: () => ended.resolve(),
      },
    });
    await Promise.all([child.exited, ended.promise]);
    return Buffer.concat(shown).toString().replaceAll('\r\n', '\n');
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

interface RunOptions {
  readonly env?: Environment;
  readonly stdin?: string | Uint8Array<ArrayBuffer>;
}

/** A valid function with one step, as JSON. */
export function functionJson(id: string, over: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({
    id,
    name: `The function ${id}`,
    triggers: [{ event: `${id}/wanted` }],
    steps: { only: { runtime: { type: 'http', url: 'http://127.0.0.1:9000/only' } } },
    ...over,
  });
}
