import { describe, expect, test } from 'bun:test';
import { engineError } from '../../../src/config/cue/engine_error.ts';

describe('engineError', () => {
  test.each([
    [
      'cue: marshal error: function.name: cannot convert incomplete value "string" to JSON',
      'function.name',
      'incomplete value string',
    ],
    [
      'cue: marshal error: function.steps.a.after.0.step: cannot convert incomplete value "|((string){ string })" to JSON',
      'function.steps.a.after[0].step',
      'incomplete value',
    ],
    [
      'functions."a-b".id: conflicting values "a: b" and "c"',
      'functions.a-b.id',
      'conflicting values "a: b" and "c"',
    ],
    [
      'function.triggers.0: 2 errors in empty disjunction: (and 2 more errors)',
      'function.triggers[0]',
      '2 errors in empty disjunction',
    ],
    ['a.b: structural cycle', 'a.b', 'structural cycle'],
    ["expected '}', found 'EOF'", '', "expected '}', found 'EOF'"],
    ['x: reference "_inngest0_v1" not found', 'x', 'reference "" not found'],
    ['x: undefined field: _inngest12_v1.#Foo', 'x', 'undefined field: #Foo'],
    ['x: conflicting values __string and 1', 'x', 'conflicting values string and 1'],
  ])('%p', (said, path, message) => {
    expect(engineError(said)).toEqual({ path, message });
  });
});
