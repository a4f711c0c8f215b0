/** The documents that CUE refuses (cue-config.md §9.1), row by row, in one thread. */
import { beforeAll, describe, expect, test } from 'bun:test';
import type { ExplainedError } from '../../../src/config/cue/explain.ts';
import { configDocument, explained, functionDocument, line } from './explain_fixture.ts';

interface Row {
  readonly row: number | string;
  readonly text: string;
  readonly says: readonly string[];
}

const stepA = 'function.steps.a';
const f = functionDocument;
const trigger = (text: string) => f('', { triggers: `triggers: [${text}]` });

const rows: readonly Row[] = [
  {
    row: '1: no name',
    text: f('', { name: '' }),
    says: ['function.name: incomplete value string @ 5:28'],
  },
  {
    row: 2,
    text: f('', { id: 'id: 7' }),
    says: [
      'function.id: conflicting values string and 7 (mismatched types string and int); write it in quotes: id: "7" @ 6:6',
    ],
  },
  {
    row: '3: a trigger of an unknown kind',
    text: trigger('{evnt: "e"}'),
    says: ['function.triggers[0]: field evnt not allowed; did you mean event? @ 8:14'],
  },
  {
    row: '4: an event and a cron',
    text: trigger('{event: "e", cron: "* * * * *"}'),
    says: [
      'function.triggers[0]: field event not allowed; a trigger has either an event or a cron: write two triggers for both @ 8:14',
      'function.triggers[0]: field cron not allowed; a trigger has either an event or a cron: write two triggers for both @ 8:26',
    ],
  },
  {
    row: 5,
    text: f('retires: 3'),
    says: ['function: field retires not allowed; did you mean steps.<id>.retries? @ 10:2'],
  },
  {
    row: 6,
    text: f('concurrency: -1'),
    says: ['function.concurrency: invalid value -1 (out of bound >=0) @ 10:15'],
  },
  {
    row: 7,
    text: f('concurrency: 1.5'),
    says: [
      'function.concurrency: conflicting values 1.5 and int & >=0 (mismatched types float and int) @ 10:15',
    ],
  },
  {
    row: 8,
    text: f('steps: a: retries: attempts: 21'),
    says: [`${stepA}.retries.attempts: invalid value 21 (out of bound <=20) @ 10:31`],
  },
  {
    row: 9,
    text: f('steps: a: retries: 3'),
    says: [
      `${stepA}.retries: conflicting values 3 and {attempts?:((int & >=0) & <=20)} (mismatched types int and struct); retries is an object: retries: {attempts: 3} @ 10:21`,
    ],
  },
  {
    row: 10,
    text: f('', { steps: 'steps: [{id: "a"}]' }),
    says: [
      'function.steps: conflicting values [{id:"a"}] and {[string]:(#Step & {id:ID})} (mismatched types list and struct); steps is an object with the id of each step: steps: {"my-step": {…}} @ 9:9',
      'function.steps[0].id: conflicting values "a" and 0 (mismatched types string and int) @ 9:15',
    ],
  },
  {
    row: 11,
    text: f('steps: a: id: "b"'),
    says: [`${stepA}.id: conflicting values "b" and "a" @ 10:16`],
  },
  {
    row: 12,
    text: f('steps: a: runtime: {type: "docker"}'),
    says: [`${stepA}.runtime.type: conflicting values "docker" and "http" @ 10:28`],
  },
  {
    row: 13,
    text: f('', { steps: 'steps: a: runtime: {type: "http"}' }),
    says: [`${stepA}.runtime.url: incomplete value string @ 9:21`],
  },
  {
    row: 14,
    text: f('steps: a: after: "b"'),
    says: [
      `${stepA}.after: conflicting values "b" and [...#After] (mismatched types string and list); after is a list: after: [{step: "b"}] @ 10:19`,
    ],
  },
  {
    row: 15,
    text: f('steps: a: after: [{wait: "1h"}]'),
    says: [`${stepA}.after[0].step: incomplete value string | "$trigger" @ 10:20`],
  },
  {
    row: 16,
    text: f('steps: a: after: [{step: "$trigger", async: {event: "x"}}]'),
    says: [`${stepA}.after[0].async.ttl: incomplete value string @ 10:46`],
  },
  {
    row: 17,
    text: f(
      'steps: a: after: [{step: "$trigger", async: {event: "x", ttl: "1h", onTimeout: "yes"}}]',
    ),
    says: [
      `${stepA}.after[0].async.onTimeout: conflicting values "yes" and bool (mismatched types string and bool); write onTimeout: true, without quotes @ 10:81`,
    ],
  },
  {
    row: 18,
    text: f('throttle: {count: 2}'),
    says: ['function.throttle.period: incomplete value string @ 10:12'],
  },
  {
    row: '19: a value that differs from the default is not blamed for that',
    text: f('throttle: {count: 0, period: "1m"}'),
    says: ['function.throttle.count: invalid value 0 (out of bound >=1) @ 10:20'],
  },
  {
    row: 20,
    text: f('throttle: {limit: 1, period: "1m"}'),
    says: ['function.throttle: field limit not allowed; did you mean count? @ 10:13'],
  },
  {
    row: '21: the words that may stand there',
    text: trigger('{event: "e", definition: {format: "avro", synced: true, def: "x"}}'),
    says: [
      'function.triggers[0].definition.format: "avro" is not allowed: it must be "cue" or "json-schema" @ 8:47',
    ],
  },
  {
    row: 22,
    text: trigger('{event: "e", definition: {format: "cue", def: "x"}}'),
    says: ['function.triggers[0].definition.synced: incomplete value bool @ 8:38'],
  },
  {
    row: 23,
    text: f('cancel: [{if: "true"}]'),
    says: ['function.cancel[0].event: incomplete value string @ 10:11'],
  },
  {
    row: 24,
    text: f('steps: a: version: major: -1'),
    says: [`${stepA}.version.major: invalid value -1 (out of bound >=0) @ 10:28`],
  },
  {
    row: 25,
    text: f('', { name: 'name "b"' }),
    says: [`expected label or ':', found 'STRING' "b"; write name: "b" @ 7:7`],
  },
  {
    row: 26,
    text: f('').replace(/\}\s*$/, ''),
    says: [`expected '}', found 'EOF'; the { in line 5 is not closed @ 10:2`],
  },
  {
    row: 27,
    text: f('', { name: 'name: nope' }),
    says: ['function.name: reference "nope" not found; text needs quotes: "nope" @ 7:8'],
  },
  {
    row: 28,
    text: 'package main\n\nimport defs "inngest.com/defs/v1"\n\nother: {id: "x"}\n',
    says: ['imported and not used: "inngest.com/defs/v1" as defs @ 3:8'],
  },
  {
    row: 29,
    text: f('', { name: 'name: other.name' }).replace('import', 'import other "a.com/o"\nimport'),
    says: ['import failed: cannot find package "a.com/o" @ 3:8'],
  },
  {
    row: 30,
    text: f('', { name: 'name: strngs.Join([])' }).replace('import', 'import "strngs"\nimport'),
    says: ['package "strngs" not found @ 3:8'],
  },
  {
    row: 31,
    text: f('').replace('#Function', '#Functon'),
    says: ['function: undefined field #Functon; did you mean #Function? @ 5:16'],
  },
  {
    row: 32,
    text: f('name: "Y"'),
    says: ['function.name: conflicting values "Y" and "X" @ 10:8'],
  },
  {
    row: '32: with a default',
    text: f('throttle: {count: 3, period: "1m"}\n\tthrottle: count: 4'),
    says: ['function.throttle.count: conflicting values 4 and 3 @ 11:19'],
  },
  {
    row: 33,
    text: f('', { id: 'id: name', name: 'name: id' }),
    says: [
      'function.id: incomplete value string @ 5:28',
      'function.name: incomplete value string @ 5:28',
    ],
  },
  {
    row: 34,
    text: f('concurrency: 1/0'),
    says: ['function.concurrency: failed arithmetic: division by zero @ 10:15'],
  },
  { row: 35, text: 'package main\n\na: {b: a}\n', says: ['a.b: structural cycle @ 3:8'] },
  {
    row: 36,
    text: configDocument('eventAPI: port: 70000'),
    says: ['config.eventAPI.port: invalid value 70000 (out of bound <=65535) @ 6:18'],
  },
  {
    row: '37: the default is the first of the words',
    text: configDocument('log: level: "loud"'),
    says: [
      'config.log.level: "loud" is not allowed: it must be "info", "trace", "debug", "warn" or "error" @ 6:14',
    ],
  },
  {
    row: 38,
    text: configDocument('logs: level: "info"'),
    says: ['config: field logs not allowed; did you mean log? @ 6:2'],
  },
  {
    row: '39: backends by name',
    text: configDocument('queue: service: {backend: "kafka"}'),
    says: [
      'config.queue.service.backend: "kafka" is not allowed: it must be "inmemory", "aws-sqs" or "redis" @ 6:28',
    ],
  },
  {
    row: '40: broken JSON',
    text: '{"function": {"id": "x",, }}',
    says: [`expected operand, found ',' @ 1:25`],
  },
  {
    row: 'a field of the chosen form is wrong, though it has a default',
    text: configDocument('queue: service: {backend: "redis", host: 7}'),
    says: [
      'config.queue.service.host: conflicting values 7 and string (mismatched types int and string); write it in quotes: host: "7" @ 6:43',
    ],
  },
  {
    row: 'a field that the chosen form does not have',
    text: configDocument('queue: service: {backend: "redis", hots: "h"}'),
    says: ['config.queue.service: field hots not allowed; did you mean host? @ 6:37'],
  },
  {
    row: 'a map of values that have several forms',
    text: configDocument('execution: drivers: x: {name: "foo"}'),
    says: [
      'config.execution.drivers.x.name: "foo" is not allowed: it must be "mock", "http" or "connect" @ 6:32',
    ],
  },
  {
    row: 'a trigger whose event is no text is no cron',
    text: trigger('{event: 7}'),
    says: [
      'function.triggers[0].event: conflicting values 7 and string (mismatched types int and string); write it in quotes: event: "7" @ 8:21',
    ],
  },
  {
    row: 'several things are all said, also what is missing',
    text: f(
      'concurrency: -1\n\tretires: 3\n\tsteps: b: {runtime: {}, retries: attempts: 99}\n\tthrottle: {count: 2}',
      { name: '', triggers: 'triggers: [{evnt: "e"}]' },
    ),
    says: [
      'function.name: incomplete value: it is missing @ 5:28',
      'function.triggers[0]: field evnt not allowed; did you mean event? @ 8:14',
      'function.concurrency: invalid value -1 (out of bound >=0) @ 10:15',
      'function: field retires not allowed; did you mean steps.<id>.retries? @ 11:2',
      'function.steps.b.runtime.url: incomplete value: it is missing @ 12:22',
      'function.steps.b.retries.attempts: invalid value 99 (out of bound <=20) @ 12:45',
      'function.throttle.period: incomplete value: it is missing @ 13:12',
    ],
  },
  {
    row: 'a bare object, whose root is put in front of it',
    text: '{id: "x", name: 7,\n triggers: [{event: "e"}], steps: "a-b": runtime: url: 8}\n',
    says: [
      'function.name: conflicting values 7 and string (mismatched types int and string); write it in quotes: name: "7" @ 1:17',
      'function.steps.a-b.runtime.url: conflicting values 8 and string (mismatched types int and string); write it in quotes: url: "8" @ 2:56',
    ],
  },
  {
    row: 'lines that end like those of Windows',
    text: f('concurrency: -1').replaceAll('\n', '\r\n'),
    says: ['function.concurrency: invalid value -1 (out of bound >=0) @ 10:15'],
  },
  {
    row: 'characters of more than one byte before the place',
    text: f('', { name: '/* */' }).replace('/* */', 'name: "Grüße 🎉", concurrency: -1'),
    says: ['function.concurrency: invalid value -1 (out of bound >=0) @ 7:32'],
  },
  {
    row: 'JSON',
    text: '{\n  "function": {\n    "id": "x", "name": "X",\n    "triggers": [{"event": "e"}],\n    "steps": {"a": {"runtime": {"type": "http", "url": 5}}}\n  }\n}\n',
    says: [
      'function.steps.a.runtime.url: conflicting values 5 and string (mismatched types int and string); write it in quotes: url: "5" @ 5:56',
    ],
  },
  {
    row: 'values made by a comprehension',
    text: f(
      'for r in ["eu", "us"] {\n\t\tsteps: "push-\\(r)": {runtime: url: "u", retires: 3}\n\t}',
    ),
    says: [
      'function.steps.push-eu: field retires not allowed; did you mean retries? @ 11:43',
      'function.steps.push-us: field retires not allowed; did you mean retries? @ 11:43',
    ],
  },
];

describe('every error of a refused document is told with its place', () => {
  let answers: readonly (readonly ExplainedError[])[] = [];
  beforeAll(async () => {
    answers = await explained(...rows.map(({ text }) => text));
  }, 120_000);

  rows.forEach(({ row, says }, index) => {
    test(`row ${row}`, () => {
      expect((answers[index] ?? []).map(line)).toEqual([...says]);
    });
  });

  test('nothing in them names the files of our own', () => {
    const text = JSON.stringify(answers);
    for (const name of ['cue.mod', 'overlay', 'document.cue', 'locate-values', 'schema.cue']) {
      expect(text).not.toContain(name);
    }
  });
});

test('a document that CUE accepts has no errors', async () => {
  expect(await explained(functionDocument(''), configDocument(''))).toEqual([[], []]);
}, 60_000);
