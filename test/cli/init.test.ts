/** `inngest init` as a user runs it. */
import { describe, expect, test } from 'bun:test';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { starterText } from '../../src/config/starter.ts';
import { DocumentFolder } from './document_folder.ts';

describe('init', () => {
  test('writes the starter into the current folder and says how to go on', async () => {
    using folder = new DocumentFolder();
    const { exitCode, stdout, stderr } = await folder.run(['init']);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(folder.read('inngest.cue')).toBe(starterText('cue'));
    for (const line of ['Wrote inngest.cue', '  inngest validate\n', '  inngest dev\n']) {
      expect(stdout).toContain(line);
    }
    expect(stdout).toMatch(/^ {2}curl \S+ -d '\{"name":"shop\/customer.created",.*\}'$/m);
  });

  test('writes JSON without comments into a file that ends in .json', async () => {
    using folder = new DocumentFolder();
    const { exitCode } = await folder.run(['init', 'inngest.json']);
    expect(exitCode).toBe(0);
    expect(Object.keys(JSON.parse(folder.read('inngest.json')).functions)).toEqual(['welcome']);
  });

  test('names a file that is not found by itself in the commands it prints', async () => {
    using folder = new DocumentFolder();
    mkdirSync(join(folder.path, 'my functions'));
    const { stdout } = await folder.run(['init', 'my functions/first.cue']);
    expect(stdout).toContain("inngest validate 'my functions/first.cue'\n");
    expect(stdout).toContain("inngest dev --functions 'my functions/first.cue'\n");
  });

  test('does not overwrite a file', async () => {
    using folder = new DocumentFolder({ 'inngest.cue': '// mine' });
    const { exitCode, stdout, stderr } = await folder.run(['init']);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toContain('inngest.cue is there already');
    expect(stderr).toContain('--force');
    expect(folder.read('inngest.cue')).toBe('// mine');
  });

  test('replaces it when told to', async () => {
    using folder = new DocumentFolder({ 'inngest.cue': '// mine' });
    const { exitCode } = await folder.run(['init', '--force']);
    expect(exitCode).toBe(0);
    expect(folder.read('inngest.cue')).toBe(starterText('cue'));
  });

  test('says that of two documents only one is read', async () => {
    using folder = new DocumentFolder({ 'inngest.json': '{}' });
    const { stderr } = await folder.run(['init']);
    expect(stderr).toContain('a server reads inngest.cue and not inngest.json');
  });

  test('refuses a name that nothing would read', async () => {
    using folder = new DocumentFolder();
    const { exitCode, stderr } = await folder.run(['init', 'functions.yaml']);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('neither .cue nor .json');
    expect(existsSync(join(folder.path, 'functions.yaml'))).toBe(false);
  });

  test('says which folder is missing', async () => {
    using folder = new DocumentFolder();
    const { exitCode, stderr } = await folder.run(['init', 'not/there.cue']);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`there is no folder ${join(folder.path, 'not')}: make it first`);
  });

  test('prints what it made for programs', async () => {
    using folder = new DocumentFolder();
    const { stdout } = await folder.run(['init', '--json', 'x.cue']);
    expect(JSON.parse(stdout)).toMatchObject({
      file: join(folder.path, 'x.cue'),
      format: 'cue',
      event: { name: 'shop/customer.created' },
    });
  });

  test('takes one file', async () => {
    using folder = new DocumentFolder();
    const { exitCode, stderr } = await folder.run(['init', 'a.cue', 'b.cue']);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("'b.cue' is one word too many: init takes [FILE] and flags");
  });
});
