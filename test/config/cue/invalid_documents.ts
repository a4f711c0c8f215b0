/** Documents that CUE refuses, one for each row of reference/cue-config.md §9.1, and what their author is told. */

/** What is wrong; the document; how one of its problems starts: path, line:column, message. */
type InvalidDocument = readonly [what: string, text: string, problem: string];

const head = 'package main\nimport defs "inngest.com/defs/v1"\n';
const name = '\tname: "A"';
const id = '\tid: "a"';
const triggers = '\ttriggers: [{event: "e"}]';

/** Of a function: its fields stand on the lines from 4 on. */
function declared(...lines: readonly string[]): string {
  return `${head}function: defs.#Function & {\n${lines.join('\n')}\n}\n`;
}
const complete = (line: string): string => declared(id, name, triggers, line);
const step = (fields: string): string => complete(`\tsteps: a: ${fields}`);
const edge = (fields: string): string =>
  step(`{runtime: {type: "http", url: "http://h/a"}, after: [{${fields}}]}`);
const configured = (...lines: readonly string[]): string =>
  `package main\nimport c "inngest.com/defs/config"\nconfig: c.#Config & {\n${lines.join('\n')}\n}\n`;

export const invalidDocuments: readonly InvalidDocument[] = [
  ['no name', declared(id, triggers), 'function.name 3:28 incomplete value string'],
  [
    'a number for an id',
    declared('\tid: 7', name, triggers),
    'function.id 4:6 conflicting values string and 7 (mismatched types string and int)',
  ],
  [
    'a misspelt field of a trigger',
    declared(id, name, '\ttriggers: [{evnt: "e"}]'),
    'function.triggers[0] 6:14 field evnt not allowed',
  ],
  [
    'a trigger with event and cron',
    declared(id, name, '\ttriggers: [{event: "e", cron: "* * * * *"}]'),
    'function.triggers[0] 6:26 field cron not allowed',
  ],
  ['a misspelt field', complete('\tretires: 3'), 'function 7:2 field retires not allowed'],
  [
    'a negative concurrency',
    complete('\tconcurrency: -1'),
    'function.concurrency 7:15 invalid value -1 (out of bound >=0)',
  ],
  [
    'half a step at once',
    complete('\tconcurrency: 1.5'),
    'function.concurrency 7:15 conflicting values 1.5 and int & >=0 (mismatched types float and int)',
  ],
  [
    'too many attempts',
    step('retries: attempts: 21'),
    'function.steps.a.retries.attempts 7:31 invalid value 21 (out of bound <=20)',
  ],
  [
    'a number for retries',
    step('retries: 3'),
    'function.steps.a.retries 7:21 conflicting values 3 and {attempts?:',
  ],
  [
    'a list of steps',
    complete('\tsteps: [{id: "a"}]'),
    'function.steps 7:9 conflicting values [{id:"a"}] and {[string]:',
  ],
  [
    'a step with another id than its name',
    step('id: "b"'),
    'function.steps.a.id 7:16 conflicting values "a" and "b"',
  ],
  [
    'a runtime that is gone',
    step('runtime: {type: "docker"}'),
    'function.steps.a.runtime.type 7:28 conflicting values "http" and "docker"',
  ],
  [
    'a runtime without a URL',
    step('runtime: {type: "http"}'),
    'function.steps.a.runtime.url 7:21 incomplete value string',
  ],
  [
    'a text for after',
    step('after: "b"'),
    'function.steps.a.after 7:19 conflicting values "b" and [...#After] (mismatched types string and list)',
  ],
  [
    'an edge without a step',
    edge('wait: "1h"'),
    'function.steps.a.after[0].step 7:65 incomplete value string | "$trigger"',
  ],
  [
    'a wait for an event without an end',
    edge('step: "$trigger", async: {event: "x"}'),
    'function.steps.a.after[0].async.ttl 7:91 incomplete value string',
  ],
  [
    'a text for a boolean',
    edge('step: "$trigger", async: {event: "x", ttl: "1h", onTimeout: "yes"}'),
    'function.steps.a.after[0].async.onTimeout 7:126 conflicting values "yes" and bool (mismatched types string and bool)',
  ],
  [
    'a throttle without a period',
    complete('\tthrottle: {count: 2}'),
    'function.throttle.period 7:12 incomplete value string',
  ],
  [
    'a throttle of nothing',
    complete('\tthrottle: {count: 0, period: "1m"}'),
    'function.throttle.count 7:20 invalid value 0 (out of bound >=1)',
  ],
  [
    'a throttle with the field of a rate limit',
    complete('\tthrottle: {limit: 1, period: "1m"}'),
    'function.throttle 7:13 field limit not allowed',
  ],
  [
    'an unknown format',
    declared(
      id,
      name,
      '\ttriggers: [{event: "e", definition: {format: "avro", synced: true, def: "x"}}]',
    ),
    'function.triggers[0].definition.format 6:47 "avro" is not allowed',
  ],
  [
    'a definition without synced',
    declared(id, name, '\ttriggers: [{event: "e", definition: {format: "cue", def: "x"}}]'),
    'function.triggers[0].definition.synced 6:38 incomplete value bool',
  ],
  [
    'a cancellation without an event',
    complete('\tcancel: [{if: "true"}]'),
    'function.cancel[0].event 7:11 incomplete value string',
  ],
  [
    'a negative version',
    step('version: major: -1'),
    'function.steps.a.version.major 7:28 invalid value -1 (out of bound >=0)',
  ],
  [
    'a field without a colon',
    declared(id, '\tname "b"', triggers),
    " 5:7 expected label or ':', found 'STRING' \"b\"",
  ],
  [
    'a brace that is missing',
    `${head}function: defs.#Function & {\n${id}\n${name}\n${triggers}\n`,
    " 6:26 expected '}', found 'EOF'",
  ],
  [
    'a name of nothing',
    declared(id, '\tname: nope', triggers),
    'function.name 5:8 reference "nope" not found',
  ],
  [
    'a schema that is imported and not used',
    `${head}function: {\n${id}\n${name}\n${triggers}\n}\n`,
    ' 2:8 imported and not used: "inngest.com/defs/v1" as defs',
  ],
  [
    "an import of somebody else's package",
    `package main\nimport x "example.com/other"\nfunction: x.y\n`,
    ' 2:8 import failed: cannot find package "example.com/other"',
  ],
  [
    'a misspelt package of CUE',
    `package main\nimport "strngs"\nfunction: {\n${id}\n\tname: strngs.ToUpper("a")\n${triggers}\n}\n`,
    ' 2:8 package "strngs" not found',
  ],
  [
    'a misspelt definition',
    `${head}function: defs.#Functon & {\n${id}\n${name}\n${triggers}\n}\n`,
    'function 3:16 undefined field #Functon',
  ],
  [
    'two values for one field',
    declared(id, '\tname: "x"', '\tname: "y"', triggers),
    'function.name 6:8 conflicting values "y" and "x"',
  ],
  [
    'fields that stand for each other',
    declared('\tid: name', '\tname: id', triggers),
    'function.id 3:28 incomplete value string',
  ],
  [
    'a division by zero',
    complete('\tconcurrency: 1/0'),
    'function.concurrency 7:15 failed arithmetic: division by zero',
  ],
  [
    'a value that contains itself',
    `${declared(id, name, triggers)}a: {b: a}\n`,
    'a.b 8:8 structural cycle',
  ],
  [
    'a port that is too large',
    configured('\teventAPI: port: 70000'),
    'config.eventAPI.port 4:18 invalid value 70000 (out of bound <=65535)',
  ],
  [
    'an unknown log level',
    configured('\tlog: level: "loud"'),
    'config.log.level 4:14 "loud" is not allowed',
  ],
  [
    'a misspelt field of the configuration',
    configured('\tlogs: level: "info"'),
    'config 4:2 field logs not allowed',
  ],
  [
    'an unknown backend',
    configured('\tqueue: service: backend: "kafka"'),
    'config.queue.service.backend 4:27 "kafka" is not allowed',
  ],
  [
    'broken JSON',
    '{\n  "id": "a",\n  "name" "b"\n}\n',
    " 3:10 expected label or ':', found 'STRING' \"b\"",
  ],
];
