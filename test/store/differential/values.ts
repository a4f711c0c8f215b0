/** Lua values as ARGV: a script reads them back with `read()`. */
import fc from 'fast-check';

/** A value in prefix notation: its kind, then what belongs to it. */
export type Notation = readonly string[];

/** `read()` takes the next value from ARGV. */
export const readLua = `
local at = 0
local function word()
  at = at + 1
  return ARGV[at]
end
local special = { nan = 0/0, inf = 1/0, ['-inf'] = -1/0 }

local function read()
  local kind = word()
  if kind == 'n' then
    local text = word()
    return special[text] or tonumber(text)
  elseif kind == 's' then
    return word()
  elseif kind == 't' or kind == 'f' then
    return kind == 't'
  elseif kind == 'table' then
    local value = {}
    for i = 1, tonumber(word()) do
      value[i] = read()
    end
    for _ = 1, tonumber(word()) do
      local key = read()
      value[key] = read()
    end
    return value
  end
  return nil
end
`;

/** \`deep(value)\`: a table with all its keys, in the order of their text. */
export const deepLua = `
local function deep(value)
  if type(value) ~= 'table' then
    return type(value) == 'userdata' and 'null' or render(value)
  end
  local rows = {}
  for key, item in pairs(value) do
    rows[#rows + 1] = render(key) .. '=' .. deep(item)
  end
  table.sort(rows, is_before)
  return '{' .. table.concat(rows, ' ') .. '}'
end
`.replaceAll('\\`', '`');

const oddNumbers = [
  ...['0.1', '1e15', '1e16', '1e17', '-0', '3.0000000000000001e20', 'nan', 'inf', '-inf', '1e300'],
  ...['9007199254740992', '9007199254740993', '9223372036854775807', '-9223372036854775808'],
  ...['-9223372036854779904', '18446744073709551616', '0.5', '-0.5', '3.999999', '-3.999999'],
  ...['1e-5', '1e-7', '123456789.125', '2147483647', '2147483648', '4294967295', '-2147483649'],
];

export const number: fc.Arbitrary<Notation> = fc
  .oneof(
    fc.integer({ min: -300, max: 300 }).map(String),
    fc.integer().map(String),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
    fc.constantFrom(...oddNumbers),
  )
  .map((text) => ['n', text]);

const oddTexts = [
  ...[
    '',
    'a',
    'text',
    '12',
    '-3.5',
    'é',
    '😀',
    '0x10',
    ' 7 ',
    '1e3',
    'nan',
    'a\0b',
    '"',
    '\\',
    '/',
  ],
  ...[
    'ERR x',
    '-ERR x',
    '-BUSY later',
    'BUSY',
    '-',
    '--a b',
    'a\nb',
    'a b\r\n',
    '\u007f',
    '\u0001\b\f\t',
  ],
];

export const string: fc.Arbitrary<Notation> = fc
  .oneof(fc.constantFrom(...oddTexts), fc.string({ unit: 'grapheme', maxLength: 10 }))
  .map((text) => ['s', text]);

const truth = fc.constantFrom<Notation>(['t'], ['f']);
const nil = fc.constant<Notation>(['nil']);

export const scalar = fc.oneof(number, string, truth, nil);
/** The sign of what is not a number depends on the processor. */
export const argument = scalar.filter(([, text]) => text !== 'nan');

function table(item: fc.Arbitrary<Notation>, key: fc.Arbitrary<Notation>, fieldsMax: number) {
  return fc
    .tuple(
      fc.array(item, { maxLength: 4 }),
      fc.array(fc.tuple(key, item), { maxLength: fieldsMax }),
    )
    .map(([items, fields]) => [
      ...['table', String(items.length), ...items.flat()],
      ...[String(fields.length), ...fields.flat(2)],
    ]);
}

/** Tables as scripts answer them: lists with holes, and those that stand for a status or an error. */
export const reply: fc.Arbitrary<Notation> = fc.letrec<{ value: Notation }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    scalar,
    table(tie('value'), fc.constantFrom<Notation>(['s', 'ok'], ['s', 'other']), 1),
  ),
})).value;

/** One of the two that end the script's own reply, and so stand at its top only. */
export const topReply = fc.oneof(
  { weight: 9, arbitrary: reply },
  {
    weight: 1,
    arbitrary: fc.oneof(string, truth).map((text) => ['table', '0', '1', 's', 'err', ...text]),
  },
);

const plainKey = fc.oneof(
  string,
  fc.integer({ min: -1, max: 25 }).map((key) => ['n', String(key)]),
);
const oddKey = fc.oneof(plainKey, fc.constantFrom<Notation>(['n', '1.5'], ['t'], ['n', '300']));
const plainScalar = scalar.filter(([, text]) => text !== 'nan' && !text?.includes('inf'));

/** As many fields as one likes, but nothing that is refused: which of two would be named is open. */
const plainDocument: fc.Arbitrary<Notation> = fc.letrec<{ value: Notation }>((tie) => ({
  value: fc.oneof({ maxDepth: 5, depthSize: 'small' }, plainScalar, table(tie('value'), string, 3)),
})).value;

const oddDocument: fc.Arbitrary<Notation> = fc.letrec<{ value: Notation }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, depthSize: 'small' },
    scalar,
    fc.tuple(oddKey, tie('value')).map((field) => ['table', '0', '1', ...field.flat()]),
    tie('value').map((item) => ['table', '1', ...item, '0']),
  ),
})).value;

/** Tables as JSON has them, and some that it cannot have. */
export const document = fc.oneof(plainDocument, oddDocument);

const fragments = [
  ...[
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    ' ',
    '\n',
    '"',
    '"a"',
    '"b":',
    'true',
    'false',
    'null',
    'nul',
    'truex',
  ],
  ...[
    '0',
    '1',
    '-1',
    '1.5',
    '-',
    '+1',
    '01',
    '1e5',
    '1e',
    '1.',
    '.5',
    '-.5',
    '0x1F',
    '0x',
    '0x1.8p1',
  ],
  ...[
    'inf',
    '-Infinity',
    'nan',
    'NaN',
    '-nan',
    '1e400',
    '123456789012345678',
    '\\',
    '\0',
    '\u0001',
  ],
  ...[
    '"\\u0041"',
    '"\\u00e9"',
    '"\\ud83d\\ude00"',
    '"\\ud83d"',
    '"\\ude00"',
    '"\\u12"',
    '"\\x"',
    '"\\/\\b"',
  ],
  ...[
    '"\\ud83dx"',
    '"\\ud83d\\u0041"',
    '"\\u0000"',
    '"😀é"',
    '"a',
    '{"a":1}',
    '[1,2]',
    '[]',
    '{}',
    '\t',
    '\v',
  ],
];

/** JSON, some of it damaged. */
export const jsonText: fc.Arbitrary<string> = fc.oneof(
  fc.json({ maxDepth: 4 }),
  fc
    .tuple(fc.json({ maxDepth: 3 }), fc.nat(), fc.constantFrom('', ...fragments))
    .map(([text, at, piece]) => {
      const place = at % (text.length + 1);
      return text.slice(0, place) + piece + text.slice(place + 1);
    }),
  fc.array(fc.constantFrom(...fragments), { maxLength: 6 }).map((parts) => parts.join('')),
);
