import { describe, expect, test } from 'bun:test';
import { type Fields, problems, problemsOf, runtime, sampleFunction, step } from './sample.ts';

/** Documents that CUE accepts and the server must not (cue-config.md §9.2), with the start of what is said. */
const refused: readonly (readonly [row: string, changes: Fields, problem: string])[] = [
  ['41', { triggers: undefined }, 'triggers: at least one trigger is required'],
  ['41', { triggers: [] }, 'triggers: at least one trigger is required'],
  [
    '42',
    { id: 'My Fn' },
    'id: id "My Fn" may only have lowercase letters, numbers and single dashes',
  ],
  ['42', { id: 'my_fn' }, 'id: id "my_fn" may only have lowercase letters'],
  ['42', { id: '-a' }, 'id: id "-a" may only have lowercase letters'],
  ['42', { id: 'acme/My Fn' }, 'id: id "acme/My Fn" may only have lowercase letters'],
  ['42', { id: '' }, 'id: a function needs an id'],
  ['42', { id: 'a'.repeat(256) }, 'id: an id has at most 255 characters'],
  ['43', { name: '' }, 'name: a name is required'],
  ['43', { name: '  ' }, 'name: a name is required'],
  [
    '43',
    { name: 'n'.repeat(1_025) },
    'name: a name has at most 1024 characters; this one has 1025',
  ],
  [
    '44',
    { steps: { note: step(), b: step('nope') } },
    'steps.b.after[0].step: unknown step "nope", which step "b" is to follow; did you mean "note"?',
  ],
  [
    '44',
    { steps: { a: step('$triger') } },
    'steps.a.after[0].step: unknown step "$triger", which step "a" is to follow; did you mean "$trigger"?',
  ],
  ['44', { steps: { a: step('') } }, 'steps.a.after[0].step: unknown step ""'],
  ['46', { steps: { a: step('a') } }, 'steps.a.after[0].step: a step cannot follow itself: "a"'],
  [
    '45',
    { steps: { a: step('$trigger', 'b'), b: step('a') } },
    'steps.a.after[1]: cycle: a → b → a',
  ],
  [
    '47',
    { steps: { ok: step(), a: step('b'), b: step('a') } },
    'steps.a.after[0]: cycle: a → b → a; a step can only follow steps that end before it begins; nothing leads into it, so its steps are unreachable from $trigger',
  ],
  [
    '48',
    { steps: { a: step(), b: step('a', 'a') } },
    'steps.b.after[1].step: duplicate edge: after[0] leads from "a" to "b" already',
  ],
  [
    '48',
    { steps: { a: step('$trigger', '$trigger') } },
    'steps.a.after[1].step: duplicate edge: after[0] leads from "$trigger" to "a" already',
  ],
  [
    '49',
    edge({ wait: 'soon' }),
    'steps.b.after[0].wait: "soon" is neither a duration, such as "90s" or "3d", nor an expression: line 1, column 1: undeclared reference to \'soon\'',
  ],
  ['49', edge({ wait: '' }), 'steps.b.after[0].wait: "" is neither a duration'],
  ['49', edge({ wait: '1 hour' }), 'steps.b.after[0].wait: "1 hour" is neither a duration'],
  [
    '50',
    edge({ async: { event: 'e', ttl: '2 hours' } }),
    'steps.b.after[0].async.ttl: invalid duration "2 hours"; write for example',
  ],
  [
    '51',
    edge({ if: 'lol == 1' }),
    "steps.b.after[0].if: invalid expression: line 1, column 1: undeclared reference to 'lol'",
  ],
  ['52', edge({ if: '1 + 1' }), 'steps.b.after[0].if: the expression must be boolean'],
  [
    '53',
    { triggers: [{ cron: 'every day' }] },
    'triggers[0].cron: cron has 2 field(s); write five',
  ],
  ['53', { triggers: [{ cron: '0 * * * * *' }] }, 'triggers[0].cron: cron has 6 fields'],
  ['53', { triggers: [{ cron: '61 * * * *' }] }, 'triggers[0].cron: cron is invalid'],
  [
    '54',
    { triggers: [{ cron: '* * * * *', jitter: '1h' }] },
    'triggers[0].jitter: "1h" is not allowed; a jitter is a duration from 1s to 5m',
  ],
  ['55', { triggers: [{ event: '' }] }, 'triggers[0].event: an event trigger needs an event name'],
  [
    '55',
    edge({ async: { event: '', ttl: '1h' } }),
    'steps.b.after[0].async.event: the name of the event is required',
  ],
  ['55', { cancel: [{ event: '' }] }, 'cancel[0].event: a cancellation needs an event name'],
  ['56', url('ftp://x'), 'steps.a.runtime.url: unsupported scheme in "ftp://x": "ftp" is neither'],
  ['56', url('ws://x'), 'steps.a.runtime.url: unsupported scheme in "ws://x"'],
  ['56', url('not a url'), 'steps.a.runtime.url: invalid URL "not a url"'],
  ['56', url('/relative'), 'steps.a.runtime.url: invalid URL "/relative"'],
  ['56', url('http:x'), 'steps.a.runtime.url: invalid URL "http:x"'],
  ['56', url('http://'), 'steps.a.runtime.url: invalid URL "http://"'],
  ['56', url(`http://h/${'p'.repeat(8_184)}`), 'steps.a.runtime.url: a URL has at most 8192'],
  ['56', url(''), 'steps.a.runtime.url: invalid URL ""'],
  ['57', { steps: undefined }, 'steps: a function needs at least one step with an HTTP runtime'],
  ['57', { steps: {} }, 'steps: a function needs at least one step with an HTTP runtime'],
  ['57', { steps: { a: {} } }, 'steps.a.runtime: a step needs an HTTP runtime'],
  ['61', { steps: { $trigger: step() } }, 'steps.$trigger: "$trigger" is reserved'],
  ['61', { steps: { '': step() } }, 'steps[""]: a step needs an id that is not empty'],
  ['61', { steps: { 'x/a': step() } }, 'steps["x/a"]: id "x/a" may only have lowercase letters'],
  ['61', { steps: { sendMail: step() } }, 'steps.sendMail: id "sendMail" may only have'],
  [
    '62',
    { throttle: { count: 1, period: 'fast' } },
    'throttle.period: "fast" is not a duration; write for example',
  ],
  ['62', { throttle: { count: 1, period: '5ms' } }, 'throttle.period: "5ms" is shorter than 1s'],
  [
    '63',
    { steps: { a: { runtime, retries: { attempts: 21 } } } },
    'steps.a.retries.attempts: Too big: expected number to be <=20',
  ],
];

function edge(fields: Fields): Fields {
  return { steps: { a: step(), b: { runtime, after: [{ step: 'a', ...fields }] } } };
}

function url(text: string): Fields {
  return { steps: { a: { runtime: { type: 'http', url: text } } } };
}

describe('what CUE accepts and the server does not', () => {
  test.each(refused)('row %s: %j', (_, changes, problem) => {
    const found = problems(changes);
    expect(found).toHaveLength(1);
    expect(found[0]).toStartWith(problem);
  });

  test('a step that follows only a cycle is unreachable, and the cycle is named once', () => {
    const steps = { a: step('b'), b: step('a'), c: step('b'), d: step('c'), ok: step() };
    const found = problems({ steps });
    expect(found).toHaveLength(3);
    expect(found[0]).toStartWith('steps.a.after[0]: cycle: a → b → a');
    expect(found[1]).toBe(
      'steps.c.after: step "c" is unreachable from $trigger: it follows only a cycle',
    );
    expect(found[2]).toStartWith('steps.d.after: step "d" is unreachable from $trigger');
  });

  test('a step whose edge is wrong is not called unreachable as well, nor are those after it', () => {
    const steps = { a: step('nope'), b: step('a'), c: step('c'), d: step('c') };
    expect(problems({ steps })).toHaveLength(2);
  });
});

describe('everything else that is no function', () => {
  const others: readonly (readonly [changes: Fields, problem: string])[] = [
    [{ triggers: [{}] }, 'triggers[0]: a trigger needs an event or a cron'],
    [{ triggers: [{ event: 'a', cron: '0 0 * * *' }] }, 'triggers[0]: a trigger has an event or a'],
    [{ triggers: [{ event: 'a' }, { event: 'a' }] }, 'triggers[1]: the same as triggers[0]'],
    [{ triggers: [{ event: 'a', jitter: '1s' }] }, 'triggers[0].jitter: only a cron has jitter'],
    [
      { triggers: [{ cron: '0 0 * * *', expression: 'true' }] },
      'triggers[0].expression: only an event has an expression',
    ],
    [
      { triggers: Array.from({ length: 11 }, (_, index) => ({ event: `e${index}` })) },
      'triggers: at most 10 triggers are allowed; this function has 11',
    ],
    [
      { cancel: Array.from({ length: 6 }, () => ({ event: 'stop' })) },
      'cancel: at most 5 cancellations are allowed',
    ],
    [{ cancel: [{ event: 'e', timeout: 'soon' }] }, 'cancel[0].timeout: invalid duration "soon"'],
    [{ cancel: [{ event: 'e', timeout: '' }] }, 'cancel[0].timeout: invalid duration ""'],
    [{ cancel: [{ event: 'e', timeout: '-1h' }] }, 'cancel[0].timeout: "-1h" is no time at all'],
    [{ cancel: [{ event: 'e', timeout: '400d' }] }, 'cancel[0].timeout: "400d" is longer than'],
    [{ timeouts: { start: 'x' } }, 'timeouts.start: invalid duration "x"'],
    [{ timeouts: { finish: '0' } }, 'timeouts.finish: "0" is no time at all'],
    [{ rateLimit: { limit: 1, period: '2d' } }, 'rateLimit.period: "2d" is out of range'],
    [{ debounce: { period: 'x' } }, 'debounce.period: "x" is not a duration'],
    [{ debounce: { period: '8d' } }, 'debounce.period: "8d" is out of range; a period is from 1s'],
    [{ debounce: { period: '1s', timeout: 'late' } }, 'debounce.timeout: invalid duration "late"'],
    [{ batch: { maxSize: 2, timeout: '1d' } }, 'batch.timeout: "1d" is not allowed'],
    [{ batch: { maxSize: 1, timeout: '1s' } }, 'batch.maxSize: Too small'],
    [
      { batch: { maxSize: 2, timeout: '1s' }, cancel: [{ event: 'e' }] },
      'batch: batching cannot be combined with cancel',
    ],
    [
      { batch: { maxSize: 2, timeout: '1s' }, singleton: {} },
      'batch: batching cannot be combined with singleton',
    ],
    [
      { batch: { maxSize: 2, timeout: '1s' }, priority: { run: '1' } },
      'batch: batching cannot be combined with priority.run',
    ],
    [
      { batch: { maxSize: 2, timeout: '1s' }, debounce: { period: '1s' } },
      'batch: batching cannot be combined with debounce',
    ],
    [{ concurrency: -1 }, 'concurrency: Too small'],
    [{ concurrency: 1.5 }, 'concurrency: expected int'],
    [{ retires: 3 }, 'retires: there is no field "retires" here'],
    [{ throtle: {} }, 'throtle: there is no field "throtle" here; did you mean throttle?'],
    [{ id: 7 }, 'id: expected string, received number'],
    [
      { steps: { a: { ...step(), afer: [] } } },
      'steps.a.afer: there is no field "afer" here; did you mean after?',
    ],
    [
      { steps: { a: { runtime, after: [{ step: '$trigger', asynk: {} }] } } },
      'steps.a.after[0].asynk: there is no field "asynk" here; did you mean async?',
    ],
    [{ steps: { a: { ...step(), id: 'b' } } }, 'steps.a.id: the id of a step is the name of its'],
    [{ steps: [{ id: 'a' }] }, 'steps: the steps are an object'],
    [{ steps: { a: { runtime, retries: 3 } } }, 'steps.a.retries: expected object'],
    [{ steps: { a: { runtime: { type: 'docker', url: 'x' } } } }, 'steps.a.runtime.type: expected'],
    [
      { triggers: [{ event: 'a', definition: { format: 'avro', synced: true, def: '' } }] },
      'triggers[0].definition.format: ',
    ],
    [
      { triggers: [{ event: 'a', definition: { format: 'cue', synced: true, def: 7 } }] },
      'triggers[0].definition.def: expected text or an object',
    ],
    [edge({ wait: '400d' }), 'steps.b.after[0].wait: "400d" is longer than the server waits'],
    [edge({ wait: "duration('9000h')" }), 'steps.b.after[0].wait: "duration(\'9000h\')" is longer'],
    [
      edge({ wait: '366 * 24 * 3600 + 1' }),
      'steps.b.after[0].wait: "366 * 24 * 3600 + 1" is longer',
    ],
    [edge({ wait: '99999999999' }), 'steps.b.after[0].wait: "99999999999" is longer than the'],
    [
      edge({ async: { event: 'e', ttl: '53w' } }),
      'steps.b.after[0].async.ttl: "53w" is longer than the server waits',
    ],
    [edge({ async: { event: 'e', ttl: '0' } }), 'steps.b.after[0].async.ttl: "0" is no time'],
  ];

  test.each(others)('%j', (changes, problem) => {
    const found = problems(changes);
    expect(found).toHaveLength(1);
    expect(found[0]).toStartWith(problem);
  });
});

describe('one report', () => {
  test('tells what is missing, and everything else, whatever is missing', () => {
    const faults = {
      triggers: [{ event: '' }],
      throttle: { period: 'fast' },
      priority: { run: '"high"' },
    };
    const others = [
      /^triggers\[0\]\.event: an event trigger needs/,
      /^throttle\.period: "fast" is not/,
      /^priority\.run: /,
    ];
    const absent: readonly (readonly [changes: Fields, problem: string])[] = [
      [{ steps: undefined }, 'steps: a function needs at least one step with an HTTP runtime'],
      [{ id: undefined }, 'id: this field is required: string'],
      [{ name: undefined }, 'name: this field is required: string'],
      [{ concurrency: 'many' }, 'concurrency: expected number, received string'],
      [{ timeouts: 7 }, 'timeouts: expected object, received number'],
      [{ speed: 1 }, 'speed: there is no field "speed" here'],
    ];
    for (const [changes, problem] of absent) {
      const { steps, ...rest } = sampleFunction({ ...faults, ...changes });
      const value = 'steps' in changes ? rest : { steps, ...rest };
      const found = problemsOf({ function: value }).map((line) => line.replace('function.', ''));
      expect(found).toHaveLength(4);
      expect(found).toContain(problem);
      for (const one of others) expect(found).toContainEqual(expect.stringMatching(one));
    }
    expect(problems({ triggers: 7, cancel: [{ event: '' }] })).toEqual([
      'triggers: expected array, received number',
      'cancel[0].event: a cancellation needs an event name',
    ]);
  });

  test('tells all problems of all functions, wherever they are', () => {
    const value = {
      function: sampleFunction({
        name: '',
        triggers: [{ event: '', expression: 'lol' }, { cron: 'x' }],
        steps: { a: step('b'), b: { runtime: { url: 'ftp://x' } }, C: {} },
        throttle: { period: 'fast' },
      }),
      functions: { other: { triggers: [], steps: { a: { extra: 1 }, b: step('a', 'c') } } },
    };
    const found = problemsOf(value);
    const paths = found.map((line) => line.slice(0, line.indexOf(': ')));
    expect(paths.toSorted()).toEqual(
      [
        ...['function.name', 'function.triggers[0].event', 'function.triggers[0].expression'],
        ...['function.triggers[1].cron', 'function.steps.b.runtime.url', 'function.steps.C'],
        ...['function.steps.C.runtime', 'function.throttle.period', 'functions.other.triggers'],
        ...['functions.other.steps.a.extra', 'functions.other.steps.b.after[1].step'],
      ].toSorted(),
    );
  });

  test('a fault in the shape of one step hides neither those of others nor those of the function', () => {
    const found = problems({
      name: '',
      steps: { a: { runtime: 7 }, b: { runtime, after: [{ step: 'a', if: 'steps.x == 1' }] } },
    });
    expect(found).toHaveLength(3);
    expect(found).toContainEqual(expect.stringMatching(/^steps\.a\.runtime: expected object/));
    expect(found).toContainEqual(
      expect.stringMatching(/^steps\.b\.after\[0\]\.if: .*unknown step/),
    );
  });

  test('ends after a thousand problems and says so', () => {
    const functions = Object.fromEntries(
      Array.from({ length: 600 }, (_, index) => [`f${index}`, { triggers: [], steps: {} }]),
    );
    const found = problemsOf({ functions });
    expect(found).toHaveLength(1001);
    expect(found.at(-1)).toEndWith('there are more problems; the first 1000 are listed');
  });
});
