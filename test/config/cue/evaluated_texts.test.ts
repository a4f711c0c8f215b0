/** Threads with programs of this test in the place of CUE: what becomes of the texts when one goes wrong. */
import { describe, expect, test } from 'bun:test';
import { evaluateTexts } from '../../../src/config/cue/evaluated_texts.ts';
import { eventually } from '../../eventually.ts';

/** Answers each text with what the text says, until one says how the thread goes wrong. */
const program = `
  self.onmessage = ({ data: { texts, memoryBytes } }) => {
    if (texts.includes('no engine')) return postMessage({ kind: 'failed to start', reason: 'no wasm' });
    postMessage({ kind: 'started' });
    for (const [index, text] of texts.entries()) {
      if (text === 'throw') throw new Error('a bug');
      if (text === 'exit') process.exit(1);
      if (text === 'loop') for (;;);
      if (text === 'memory') return postMessage({ index, kind: 'lost', reason: 'memory', detail: '' });
      if (text === 'crash') return postMessage({ index, kind: 'lost', reason: 'crash', detail: 'panic' });
      postMessage({ index, kind: 'value', json: text });
    }
  };
`;
const limits = { wallMs: 500, memoryBytes: 64 * 1024 * 1024 };

function run(texts: readonly string[], signal?: AbortSignal, code = program) {
  const workers: Worker[] = [];
  const startWorker = () => {
    const url = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));
    const worker = new Worker(url);
    workers.push(worker);
    return worker;
  };
  const outcomes = evaluateTexts(texts, { limits, startWorker, signal }).then((all) =>
    all.map((one) =>
      one.kind === 'value' ? one.json : one.kind === 'stopped' ? one.message : one.kind,
    ),
  );
  return { outcomes, workers };
}

describe('evaluateTexts', () => {
  test('answers in order, from one thread', async () => {
    const { outcomes, workers } = run(['a', 'b', 'c']);
    expect(await outcomes).toEqual(['a', 'b', 'c']);
    expect(workers).toHaveLength(1);
  });

  test('starts nothing for no texts', async () => {
    const { outcomes, workers } = run([]);
    expect(await outcomes).toEqual([]);
    expect(workers).toHaveLength(0);
  });

  test.each([
    ['loop', 'takes longer than 0.5 s'],
    ['memory', 'takes more than 64 MiB of memory'],
    ['crash', "CUE's engine ended while it evaluated the document (panic)"],
    ['throw', 'a bug'],
    ['exit', "CUE's engine ended while it evaluated the document"],
  ])(
    'one text that ends in %s is given up, and the others are evaluated',
    async (text, message) => {
      const { outcomes, workers } = run(['a', text, 'b']);
      const [first, second, third] = await outcomes;
      expect(second).toContain(message);
      expect([first, third]).toEqual(['a', 'b']);
      expect(workers).toHaveLength(2);
    },
  );

  test('gives up when too many texts cost a thread', async () => {
    const { outcomes, workers } = run([...Array(10).fill('crash'), 'a']);
    expect((await outcomes).at(-1)).toContain('not evaluated, because other documents');
    expect(workers).toHaveLength(5);
  });

  test('says for every text that the engine cannot be started', async () => {
    const { outcomes, workers } = run(['a', 'no engine']);
    const message = expect.stringContaining("CUE's engine could not be started (no wasm)");
    expect(await outcomes).toEqual([message, message]);
    expect(workers).toHaveLength(1);
  });

  test('says what is wrong with a program that is none', async () => {
    const { outcomes } = run(['a'], undefined, 'this is no program');
    expect((await outcomes)[0]).toContain("CUE's engine");
  });

  test('ends with the signal, and the thread with it', async () => {
    const abort = new AbortController();
    const { outcomes, workers } = run(['loop'], abort.signal);
    let isClosed = false;
    workers[0]?.addEventListener('close', () => {
      isClosed = true;
    });
    abort.abort(new Error('enough'));
    await expect(outcomes).rejects.toThrow('enough');
    await eventually(() => isClosed);
  });

  test('starts nothing for a signal that came before', async () => {
    const { outcomes, workers } = run(['a'], AbortSignal.abort(new Error('enough')));
    await expect(outcomes).rejects.toThrow('enough');
    expect(workers).toHaveLength(0);
  });
});
