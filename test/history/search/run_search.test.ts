import { describe, expect, test } from 'bun:test';
import { QueryError } from '../../../src/history/history_error.ts';
import { compileRunSearch, type RunCandidate } from '../../../src/history/search/run_search.ts';
import { canonicalJson } from '../../../src/lib/canonical_json.ts';

const order = {
  name: 'shop/order.paid',
  id: 'order-7',
  ts: 1_760_000_000_000,
  v: '2',
  user: { id: 'u1' },
  data: { n: 7, b: true, none: null, text: 'käse "x"\n', list: [{ sku: 'a' }, { sku: 'b' }] },
};

function run(events: readonly object[], output?: unknown, isFailed = false): RunCandidate {
  return {
    payloads: events.map(canonicalJson),
    output: output === undefined ? null : canonicalJson(output),
    isFailed,
  };
}

function finds(query: string, candidate: RunCandidate): boolean {
  return compileRunSearch(query).matches(candidate);
}

function messageOf(query: string): string {
  try {
    compileRunSearch(query);
  } catch (error) {
    if (error instanceof QueryError) return error.message;
    throw error;
  }
  throw new Error(`accepted: ${query}`);
}

describe('a condition on the trigger event', () => {
  test.each([
    `event.name == 'shop/order.paid'`,
    `event.name == "shop/order.paid" && event.data.n > 6`,
    `event.id == 'order-7'`,
    'event.ts > 1759999999999',
    `event.v == "2"`,
    `event.user.id == 'u1'`,
    'event.data.b == true',
    'event.data.b && event.ts > 1',
    'event.data.none == null',
    'event.data.missing == null',
    'event.data.n.deeper == null',
    'event.data.b != null',
    `event.data.text == 'käse "x"\\n'`,
    `event.data.text.startsWith('kä')`,
    `event.data.text.contains('e "x"')`,
    `event.data.list[1].sku == 'b'`,
    `event["data"]["list"][0]["sku"] == 'a'`,
    `event.data.n in [6, 7]`,
    `event.name in ['other', 'shop/order.paid']`,
    `!(event.data.n == 8)`,
    `event.data.missing == 1 || event.data.n == 7`,
  ])('that holds finds the run: %s', (query) => {
    expect(finds(query, run([order]))).toBe(true);
  });

  test.each([
    `event.name == 'other'`,
    'event.data.n > 7',
    'event.data.none != null',
    'event.data.missing != null',
    `event.data.list[2].sku == 'a'`,
    'event.data.b == false',
  ])('that does not hold leaves the run out: %s', (query) => {
    expect(finds(query, run([order]))).toBe(false);
  });

  test.each([
    'event.data.missing == 1',
    'event.data.missing != 1',
    'event.data.missing < 1',
    'event.data.missing > 1',
    'event.data.missing in [1]',
    '!(event.data.missing in [1])',
    '!(event.data.missing == 1)',
    '!event.data.missing',
    '!(event.data.missing || false)',
    'size(event.data.missing) == 0',
    'event.data.missing + 1 == 1',
    '(event.data.missing ? 1 : 2) == 2',
    'event.data.missing == event.data.absent',
    'event.data.missing != event.data.absent',
    'event.data.none < 1',
    'event.data.text > 1',
    `event.data.n.startsWith('7')`,
    `event.data.n == '7'`,
    '!event.data.n',
    'event.data.n / 0 == 1',
    'int(event.data.text) == 1',
  ])('on what is missing or of another type is no match and no error: %s', (query) => {
    expect(finds(query, run([order]))).toBe(false);
  });

  test('finds runs of a cron by the event of the cron', () => {
    const tick = { name: 'inngest/scheduled.timer', data: { cron: '* * * * *' }, id: 'x', ts: 1 };
    expect(finds(`event.data.cron == '* * * * *'`, run([tick]))).toBe(true);
    expect(finds(`event.name == 'inngest/scheduled.timer'`, run([tick]))).toBe(true);
  });

  test('of a batch must hold with the other conditions for one of the events', () => {
    const batch = run([
      { ...order, data: { a: 1, b: 1 } },
      { ...order, data: { a: 2, b: 2 } },
    ]);
    expect(finds('event.data.a == 2\nevent.data.b == 2', batch)).toBe(true);
    expect(finds('event.data.a == 1\nevent.data.b == 2', batch)).toBe(false);
    expect(finds('event.data.a == 1 || event.data.b == 2', batch)).toBe(true);
  });

  test('never holds once retention took the event, not even that something is missing', () => {
    const bare = run([], { num: 12 });
    expect(finds('event.data.x == null', bare)).toBe(false);
    expect(finds('!(event.data.x == 1)', bare)).toBe(false);
    expect(finds('output.num == 12', bare)).toBe(true);
    expect(finds('event.data.x == 1 || output.num == 12', bare)).toBe(true);
  });
});

describe('a condition on the end of the run', () => {
  test('reads the result', () => {
    expect(finds('output.num > 11', run([order], { num: 12 }))).toBe(true);
    expect(finds('output.num > 11', run([order], { num: 11 }))).toBe(false);
    expect(finds('output == "done"', run([order], 'done'))).toBe(true);
    expect(finds('output[1] == 2', run([order], [1, 2]))).toBe(true);
  });

  test.each([[undefined], [null], ['text'], [12], [[12]], [true]])(
    'on a member of a result without members is no match: %p',
    (output) => {
      expect(finds('output.num > 11', run([order], output))).toBe(false);
      expect(finds('output.num == null', run([order], output))).toBe(true);
    },
  );

  test('reads the error of a failed run', () => {
    const failed = run([order], { name: 'Error', message: 'fail', stack: 'at x' }, true);
    expect(finds('error.message == "fail"', failed)).toBe(true);
    expect(finds(`error.name == 'Error' && error.stack.contains('at x')`, failed)).toBe(true);
    expect(finds('error.message == "other"', failed)).toBe(false);
    expect(finds('error != null', failed)).toBe(true);
  });

  test('does not take a result for an error', () => {
    const completed = run([order], { message: 'fail' });
    expect(finds('error.message == "fail"', completed)).toBe(false);
    expect(finds('output.message == "fail"', completed)).toBe(true);
    expect(finds('error == null', completed)).toBe(true);
  });

  test('takes the output for either when nobody says how the run ended', () => {
    const { isFailed: _, ...unsaid } = run([order], { message: 'fail' });
    expect(finds('error.message == "fail"', unsaid)).toBe(true);
  });

  test('may compare with the event', () => {
    expect(finds('output.n == event.data.n', run([order], { n: 7 }))).toBe(true);
    expect(finds('output.n == event.data.n', run([order], { n: 8 }))).toBe(false);
  });

  test('holds however the JSON was written', () => {
    for (const output of ['{"a/b":"x\\/y"}', '{"a\\/b": "x/y"}', '{ "a\\u002fb" : "\\u0078/y" }']) {
      expect(finds('output["a/b"] == "x/y"', { payloads: [], output })).toBe(true);
      expect(finds('output["a/b"].contains("/y")', { payloads: [], output })).toBe(true);
      expect(finds('output["a/b"] == "x/z"', { payloads: [], output })).toBe(false);
    }
  });

  test('on text that is not JSON is no match', () => {
    const broken = { payloads: ['{'], output: '{"num":' };
    expect(finds('output.num == null', broken)).toBe(false);
    expect(finds('event.data.x == null', broken)).toBe(false);
  });
});

describe('a search', () => {
  test('without conditions finds every run', () => {
    expect(finds('', run([]))).toBe(true);
    expect(finds('\n  \r\n', run([order]))).toBe(true);
  });

  test('holds when all its lines do', () => {
    const query = (n: number) => `event.data.n == 7\r\n\n  output.num == ${n}  `;
    expect(finds(query(1), run([order], { num: 1 }))).toBe(true);
    expect(finds(query(2), run([order], { num: 1 }))).toBe(false);
  });

  test.each([
    [`event.name == 'a'`, ['a']],
    [`'a' == event.name`, ['a']],
    [`event["name"] == 'a'`, ['a']],
    [`event.name in ['a', 'b', 1]`, ['a', 'b']],
    [`event.name in ['a', 'b']\nevent.name in ['b', 'c'] && output.x == 1`, ['b']],
    [`event.name == 'a' || event.name == 'b' && event.data.x == 1`, ['a', 'b']],
    [`event.name == 'a'\nevent.name == 'b'`, []],
    [`event.name == 'a' || output.x == 1`, null],
    [`event.name != 'a'`, null],
    [`!(event.name == 'a')`, null],
    [`event.name == event.data.x`, null],
    [`event.data.name == 'a'`, null],
    [`event.name[0] == 'a'`, null],
  ])('says which event names it admits: %s', (query, names) => {
    expect(compileRunSearch(query).eventNames).toEqual(names);
  });

  test('says what it reads, and reads nothing else', () => {
    const onEvent = compileRunSearch('event.data.n == 7');
    expect([onEvent.needsEvents, onEvent.needsOutput]).toEqual([true, false]);
    const untouchedOutput = {
      payloads: [canonicalJson(order)],
      get output(): string {
        throw new Error('read');
      },
    };
    expect(onEvent.matches(untouchedOutput)).toBe(true);

    const onOutput = compileRunSearch('error.message == "x"');
    expect([onOutput.needsEvents, onOutput.needsOutput]).toEqual([false, true]);
    const untouchedEvents = {
      get payloads(): string[] {
        throw new Error('read');
      },
      output: '{"message":"x"}',
    };
    expect(onOutput.matches(untouchedEvents)).toBe(true);
  });
});

describe('a search that cannot be used', () => {
  test.each([
    'event.data.list.map(x, x.sku) == ["a"]',
    'event.data.list.filter(x, true) != null',
    'event.data.list.exists(x, x == 1)',
    'event.data.list.exists(x)',
    'event.data.list.all(x, x == 1)',
    'has(event.data.x)',
    '!has(event.data.x) && event.data.y == 1',
  ])('for a macro says so: %s', (query) => {
    expect(messageOf(query)).toBe('macros are currently not supported');
  });

  test.each(['event.data', 'event', 'true', '1 + 1', 'size(event.data)', 'event.data.a && output'])(
    'for asking nothing says so: %s',
    (query) => {
      expect(messageOf(query)).toBe('invalid syntax detected');
    },
  );

  test('for its syntax says where, in one line', () => {
    expect(messageOf('event.data.a ==')).toBe(
      'error compiling expression: line 1, column 16: Unexpected token: EOF',
    );
    expect(messageOf(`event.name == 'a'\n\n  event.data.x = 3`)).toBe(
      'error compiling expression: line 3, column 16: Unexpected character: =',
    );
  });

  test('for an unknown name says what can be used', () => {
    expect(messageOf('event.ts > 1\nfoo == 1')).toBe(
      "line 2, column 1: nothing here is called 'foo'; a search can use event, output and error",
    );
    expect(messageOf('event.dat.x == 1')).toContain("events have no 'dat'; use event.name");
    expect(messageOf('event.name.foo("x")')).toContain("function 'foo'");
  });

  test('for its size says the bound', () => {
    expect(messageOf(`event.name == '${'ä'.repeat(8_200)}'`)).toContain('16384 bytes');
    expect(messageOf('event.ts > 1\n'.repeat(64))).toContain('65 lines; at most 64');
    expect(finds('event.ts > 1\n'.repeat(63), run([order]))).toBe(true);
  });

  test('is never anything but a QueryError', () => {
    for (const query of [
      '((((',
      '"',
      "'",
      '!'.repeat(5_000),
      '('.repeat(5_000),
      '\u0000',
      '@',
      '{',
    ]) {
      expect(messageOf(query)).not.toBe('');
    }
  });
});
