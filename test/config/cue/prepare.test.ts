import { describe, expect, test } from 'bun:test';
import { misspeltRoots } from '../../../src/config/cue/misspelt_roots.ts';
import { prepareDocument } from '../../../src/config/cue/prepare.ts';
import { WrittenFields } from '../../../src/config/written_field.ts';

const prepared = (text: string) => prepareDocument({ name: 'x.cue', text });
const refusal = (text: string) => prepared(text).refusal;

/** The document as the command line reads it. */
function userText(text: string): string {
  const { cliFiles, userFile } = prepared(text).document;
  return cliFiles.get(userFile) ?? '';
}

describe('a bare object', () => {
  test.each([
    ['with triggers is a function', '{"triggers": []}', 'function: {"triggers": []}'],
    ['with an id only is a function', '{id: "a"}', 'function: {id: "a"}'],
    ['with a log is a configuration', '{log: level: "info"}', 'config: {log: level: "info"}'],
    ['with roots stays as it is', '{"function": {"id": "a"}}', '{"function": {"id": "a"}}'],
    ['with any other fields stays as it is', '{"port": 8288}', '{"port": 8288}'],
    ['without fields stays as it is', '{}', '{}'],
    ['may have no end', '{"id": "a"', 'function: {"id": "a"'],
    ['may follow a comment', '// { log: 1 }\n{id: 1}', '// { log: 1 }\nfunction: {id: 1}'],
    ['may stand behind a byte order mark', '\uFEFF{"id": "a"}', 'function: {"id": "a"}'],
  ])('%s', (_, text, expected) => {
    expect(userText(text)).toBe(expected);
  });

  test.each([
    ['deeper ones', '{x: {id: "a", log: 1}}'],
    ['what stands in texts', '{x: "\\nid: 1, log: 2"}'],
    ['the second part of a longer label', '{x: id: "a"}'],
    ['what goes on from the line before', '{x:\nid}'],
  ])('is told by its own fields, not by %s', (_, text) => {
    expect(userText(text)).toBe(text);
  });

  test('that is not all of the document stays as it is', () => {
    expect(userText('{id: "a"}\nfunction: id: "b"')).toBe('{id: "a"}\nfunction: id: "b"');
  });
});

describe('the text for cue-wasm', () => {
  const firstLines = (text: string) =>
    prepared(text).document.wasmText.slice(0, text.length).split('\n');

  test.each([
    ['import defs "inngest.com/defs/v1"'],
    ['import "inngest.com/defs/v1"'],
    ['import "inngest.com/defs/v1:v1"'],
    ['import (\n\tdefs "inngest.com/defs/v1"\n\tc "inngest.com/defs/config"\n)'],
    ['import defs "inngest.com/defs/v1", import c "inngest.com/defs/config",'],
  ])('has blanks in the place of %p', (imports) => {
    const rest = '\nfunction: defs.#Function & {name: "import \\"inngest.com/defs/v1\\""}';
    const text = `package main\n${imports}${rest}`;
    const blank = imports.replace(/[^\n]/g, ' ');
    expect(firstLines(text).join('\n')).toBe(`package main\n${blank}${rest}`);
  });

  test('keeps the packages of CUE', () => {
    const spec = 'defs "inngest.com/defs/v1"';
    const text = `import (\n\t"strings"\n\t${spec}\n\t"list"\n)\nx: 1`;
    expect(firstLines(text)).toEqual(text.replace(spec, ' '.repeat(spec.length)).split('\n'));
  });

  test('gives each name that the document has for the schema', () => {
    const { wasmText } = prepared('import d "inngest.com/defs/v1"\nfunction: d.#Function').document;
    expect(wasmText).toContain('\nlet d = _inngest0_v1\n');
  });

  test.each([['q: {d: 3}'], ['q: {"d": 3}'], ['q: {let d = 3, x: d}'], ['q: {d=x: 3, y: d}']])(
    'gives it as a field where the document has the name inside: %p',
    (inside) => {
      const { wasmText } = prepared(
        `import d "inngest.com/defs/v1"\n${inside}\nz: d.#Step`,
      ).document;
      expect(wasmText).toContain('\nd: _inngest0_v1\n');
    },
  );

  test('has names of its own that the document does not have', () => {
    const { wasmText, cliFiles } = prepared('_inngest0_v1: 1\ninngest1_config: 2').document;
    expect(wasmText).toContain('_inngest2_v1: {');
    expect([...cliFiles.values()].join('\n')).toContain('import inngest2_v1 ');
  });
});

describe('the overlay for the command line', () => {
  test.each([
    ['package shop\nx: 1', 'package shop\nimport '],
    ['@if(x)\npackage shop\nx: 1', 'package shop\nimport '],
    ['x: 1', 'import '],
  ])('is of the package of %p', (text, start) => {
    const { cliFiles, userFile } = prepared(text).document;
    const [overlay] = [...cliFiles].filter(([name]) => name !== userFile);
    expect(overlay?.[1]).toStartWith(start);
  });
});

describe('what is refused for its imports', () => {
  const defs = 'inngest.com/defs/v1';

  test.each([
    ['nothing of it is used', `import defs "${defs}"\nx: 1`, 'imported and not used'],
    [
      'its name stands in a text only',
      `import "${defs}"\nx: "v1.#Step"`,
      'not used: "inngest.com/defs/v1"',
    ],
    ['its name is a label only', `import d "${defs}"\nx: {d: 1, y: z.d}`, 'imported and not used'],
    ["it is somebody else's", 'import x "example.com/y"\nz: x.y', 'cannot import "example.com/y"'],
    ['it is another one of ours', 'import x "inngest.com/defs/v2"\nz: x.y', 'cannot import'],
    ['its package has another name', `import x "${defs}:v2"\nz: x.y`, 'cannot import'],
    [
      'a field has its name',
      `import d "${defs}"\nd: 1\nx: d.#Step`,
      'the import d has the name of a field',
    ],
    [
      'a quoted field has its name',
      `import d "${defs}"\n"d": 1\nx: d.#Step`,
      'the name of a field',
    ],
    [
      'its name is that of a root',
      'import "inngest.com/defs/config"\nx: config.#Config',
      'as in import defs',
    ],
    [
      'a loop gives its name to something else',
      `import d "${defs}"\nfor d in [1] {x: d.#Step}`,
      "the name of a loop's variable",
    ],
    [
      'another one has its name',
      `import d "${defs}"\nimport d "${defs}"\nx: d.#Step`,
      'two imports are called d',
    ],
  ])('%s', (_, text, message) => {
    expect(refusal(text)?.message).toContain(message);
  });

  test.each([
    ['in an embedded expression', `import d "${defs}"\nx: "\\(d.x)"`],
    ['in a list', `import d "${defs}"\nx: [...d.#Step]`],
    ['as a label in brackets', `import d "${defs}"\n(d.x): 1`],
  ])('counts what is used %s', (_, text) => {
    expect(refusal(text)).toBeNull();
  });

  test('points at the import', () => {
    const text = `\uFEFFpackage main\nimport (\n\t"strings"\n\td "${defs}"\n)\nx: strings.ToUpper("a")`;
    expect(refusal(text)?.position).toEqual({ line: 4, column: 2 });
  });
});

describe('a document of the largest size', () => {
  const many = (line: (index: number) => string) =>
    Array.from({ length: 20_000 }, (_, index) => line(index)).join('\n');

  test.each([
    ['imports', many((index) => `import d${index} "inngest.com/defs/v1"`)],
    ['attributes', many(() => '@if(a)')],
    ['names like ours', many((index) => `inngest${index}: _inngest${index}_v1`)],
    ['brackets', '{['.repeat(200_000)],
    ['quotes', '"\\('.repeat(100_000)],
    ['hashes', '#'.repeat(1_000_000)],
    ['hashes with quotes between them', '##"##\n'.repeat(150_000)],
    ['hashes around a quote', `${'#'.repeat(500_000)}"${'"#'.repeat(250_000)}`],
    ['escapes', `#"${'\\#'.repeat(500_000)}`],
    ['open texts', '"""'.repeat(350_000)],
    ['names', 'a'.repeat(1_000_000)],
    ['numbers', '1.'.repeat(500_000)],
    ['labels', 'a:'.repeat(500_000)],
    ['dots', '.'.repeat(1_000_000)],
    ['slips', 'confg: 1\n'.repeat(110_000)],
    ['comments', '//\n'.repeat(330_000)],
    ['parentheses', ')('.repeat(500_000)],
  ])('is looked through within a moment, whatever its %s', (_, text) => {
    const startedMs = performance.now();
    prepared(text);
    misspeltRoots({ name: 'x.cue', text });
    new WrittenFields(text).has(['config', 'log']);
    // Without care for its size it is a minute or more.
    expect(performance.now() - startedMs).toBeLessThan(8_000);
  });
});

describe('the way back to the document', () => {
  test('undoes the wrapping of a bare object, on its line only', () => {
    const { document } = prepared('{"ü": 1, "id": 2,\n"name": 3}');
    const wrapping = 'function: '.length;
    expect(document.toSourcePosition({ line: 1, column: wrapping + 1 })).toEqual({
      line: 1,
      column: 1,
    });
    expect(document.toSourcePosition({ line: 1, column: wrapping + 11 })).toEqual({
      line: 1,
      column: 10,
    });
    expect(document.toSourcePosition({ line: 1, column: 3 })).toEqual({ line: 1, column: 1 });
    expect(document.toSourcePosition({ line: 2, column: 4 })).toEqual({ line: 2, column: 4 });
    expect(document.toSourcePosition({ line: 7, column: 1 })).toBeNull();
  });

  test('does not count a byte order mark', () => {
    const { document } = prepared('\uFEFFa: 1\nb: 2');
    expect(document.toSourcePosition({ line: 1, column: 4 })).toEqual({ line: 1, column: 4 });
    expect(document.toSourcePosition({ line: 2, column: 4 })).toEqual({ line: 2, column: 4 });
  });
});
