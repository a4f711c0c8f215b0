import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { isLazy, isPlanType, isSync, parseOpcodes } from '../../src/driver/opcode.ts';
import { hashedId } from './sample_request.ts';

function ops(json: unknown) {
  const parsed = parseOpcodes(json);
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.ops;
}

function complaint(json: unknown): string {
  const parsed = parseOpcodes(json);
  if (parsed.ok) throw new Error('expected a failure');
  return parsed.message;
}

describe('opcodes', () => {
  test('are read whole', () => {
    const wire = {
      op: 'StepRun',
      id: hashedId,
      name: 'step',
      displayName: 'Charge card',
      opts: { type: 'step.run', input: [1], parallelMode: 'RACE' },
      data: { b: 1, a: 2 },
      timing: { a: 1, b: 2 },
      userland: { id: 'charge', index: 1 },
      metadata: [{ kind: 'x' }],
      somethingNew: true,
    };
    const { somethingNew: _, ...known } = wire;
    expect(ops([wire])).toEqual([
      { ...known, op: 'StepRun', dataText: '{"a":2,"b":1}', parallelMode: 'race' },
    ]);
  });

  test('Python may send null for every optional member', () => {
    const nulls = { name: null, displayName: null, opts: null, error: null, timing: null };
    const wire = {
      op: 'Sleep',
      id: 'x',
      ...nulls,
      userland: { id: 's', index: null },
      metadata: null,
    };
    expect(ops(wire)).toEqual([
      {
        op: 'Sleep',
        id: 'x',
        displayName: 'x',
        opts: {},
        userland: { id: 's' },
        parallelMode: 'wait',
      },
    ]);
  });

  test('keep absent data apart from null', () => {
    const [absent, none] = ops([
      { op: 'StepRun', id: 'a' },
      { op: 'StepRun', id: 'b', data: null },
    ]);
    expect(absent && 'data' in absent).toBe(false);
    expect(none).toMatchObject({ data: null, dataText: 'null' });
  });

  test('are called displayName, else name, else id', () => {
    const shown = ops([
      { op: 'Sleep', id: 'i', name: 'n', displayName: 'd' },
      { op: 'Sleep', id: 'i', name: 'n' },
      { op: 'Sleep', id: 'i' },
    ]).map((op) => op.displayName);
    expect(shown).toEqual(['d', 'n', 'i']);
  });

  test('match in any case, and an empty array is one None', () => {
    expect(ops([{ op: 'aigateway', id: 'x' }])[0]?.op).toBe('AIGateway');
    expect(ops([])).toHaveLength(1);
    expect(ops([])[0]).toMatchObject({ op: 'None', id: '' });
    expect(ops({ op: 'RunComplete', data: 1 })[0]).toMatchObject({ id: '', dataText: '1' });
  });

  test('an error always has name and message', () => {
    const [op] = ops([{ op: 'StepError', id: 'x', error: { message: null, stack: 's' } }]);
    expect(op?.error).toEqual({ name: 'Error', message: 'Function execution error', stack: 's' });
    expect(ops([{ op: 'StepFailed', id: 'x' }])[0]?.error?.name).toBe('Error');
  });

  test.each([
    [[{ op: 'Sleep', id: 'x' }, null], 'opcode 1: entry must be an object'],
    [[{ op: 'StepNotFound', id: 'x' }], 'opcode 0: op "StepNotFound" is not known'],
    [[{ id: 'x' }], 'opcode 0: op must be a string, not absent'],
    [[{ op: 'StepError', id: 'x' }], 'opcode 0: (StepError) error is missing'],
    [[{ op: 'StepRun' }], 'opcode 0: (StepRun) id is missing'],
    [[{ op: 'StepRun', id: 7 }], 'opcode 0: (StepRun) id:'],
    [[{ op: 'StepRun', id: 'x', opts: [] }], 'opcode 0: (StepRun) opts:'],
    [[{ op: 'StepRun', id: 'x', timing: { a: 'x', b: 1 } }], 'opcode 0: (StepRun) timing.a:'],
    [[{ op: 'StepRun', id: 'x', opts: { input: {} } }], '(StepRun) opts.input must be an array'],
    ['text', 'opcode 0: entry must be an object with a member "op", not a string'],
  ])('%j fails naming entry and member', (json, message) => {
    expect(complaint(json)).toContain(message);
  });

  test('above 4 MiB of input or output are refused, with advice', () => {
    const text = 'x'.repeat(4 * 1024 * 1024);
    expect(complaint([{ op: 'StepRun', id: 'x', data: text }])).toMatch(
      /\(StepRun\) data is 4 MiB.*reference/,
    );
    expect(ops([{ op: 'StepRun', id: 'x', data: text.slice(11) }])).toHaveLength(1);
    expect(complaint([{ op: 'StepRun', id: 'x', data: text.slice(10) }])).toContain('data is');
    expect(complaint([{ op: 'StepPlanned', id: 'x', opts: { input: [text] } }])).toContain(
      'opts.input is',
    );
    expect(complaint([{ op: 'AIGateway', id: 'x', opts: { body: text } }])).toContain(
      'opts.body is',
    );
    expect(complaint([{ op: 'StepError', id: 'x', error: { stack: text } }])).toContain('error is');
  });

  test('that nest too deeply are refused', () => {
    const data: unknown = JSON.parse('['.repeat(5000) + ']'.repeat(5000));
    expect(complaint([{ op: 'StepRun', id: 'x', data }])).toContain('(StepRun) data: ');
  });

  test('are classified as the protocol says', () => {
    expect([isLazy('DeferAdd'), isLazy('DeferAbort'), isLazy('StepRun')]).toEqual([
      true,
      true,
      false,
    ]);
    expect([isPlanType('Sleep'), isPlanType('StepPlanned'), isPlanType('StepRun')]).toEqual([
      true,
      true,
      false,
    ]);
    expect([isSync('StepRun'), isSync('StepFailed'), isSync('StepError')]).toEqual([
      true,
      true,
      false,
    ]);
  });

  test('whatever comes, an answer or a message that names the entry comes out', () => {
    const field = fc.oneof(fc.anything(), fc.string(), fc.constant(null));
    const entry = fc.record(
      {
        op: fc.oneof(fc.constantFrom('StepRun', 'StepError', 'Sleep', 'None', 'Gateway'), field),
        id: fc.oneof(fc.constant('x'), field),
        name: field,
        displayName: field,
        opts: fc.oneof(fc.dictionary(fc.string(), fc.anything()), field),
        data: fc.anything({ withBigInt: true, withNullPrototype: true }),
        error: fc.oneof(fc.record({ name: field, message: field, cause: field }), field),
        timing: field,
        userland: field,
        metadata: field,
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(fc.array(entry), entry, fc.anything()), (json) => {
        const parsed = parseOpcodes(json);
        if (!parsed.ok) expect(parsed.message).toMatch(/^opcode \d+: \S+/);
      }),
      { numRuns: 1000 },
    );
  });
});
