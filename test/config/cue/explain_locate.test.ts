/** Where values stand in documents that CUE accepts: literal, made by comprehensions, held to patterns, in JSON. */
import { describe, expect, test } from 'bun:test';
import { locateValues } from '../../../src/config/cue/explain.ts';
import type { ValuePath } from '../../../src/config/evaluator.ts';
import { limits, prepared } from './explain_fixture.ts';

/** What stands at each place, to the end of the line. */
async function found(text: string, ...paths: ValuePath[]): Promise<(string | null)[]> {
  const positions = (await locateValues([{ document: prepared(text), paths }], limits))[0] ?? [];
  const lines = text.split('\n');
  return positions.map((position) => {
    if (position === null) return null;
    return (lines[position.line - 1] ?? '').slice(position.column - 1).trimEnd();
  });
}

const templated = `package main

import (
	"strings"
	defs "inngest.com/defs/v1"
)

let regions = ["eu", "us", "ap"]

function: defs.#Function & {
	id:   "price-push"
	name: "Push prices to \\(strings.Join(regions, ", "))"
	triggers: [{event: "pricing/ready"}, {
		cron: "0 6 * * *"
	}]
	steps: {
		"load": runtime: url: "http://h/load"
		for r in regions {
			"push-\\(r)": {
				runtime: url: "http://h/push?\\(r)"
				after: [{step: "load", if: "'\\(r)' in response.body"}]
			}
		}
	}
}
`;

describe('a value is found', () => {
  test('in structs, lists, interpolations and comprehensions, and else the nearest around it', async () => {
    const step = ['function', 'steps'];
    const answers = await found(
      templated,
      ['function', 'id'],
      ['function', 'name'],
      ['function', 'triggers', 0, 'event'],
      ['function', 'triggers', 1, 'cron'],
      [...step, 'load', 'runtime', 'url'],
      [...step, 'push-us', 'runtime', 'url'],
      [...step, 'push-ap', 'after', 0, 'if'],
      [...step, 'load', 'retries', 'attempts'],
      ['function', 'throttle', 'period'],
      ['function', 'triggers', 7, 'cron'],
      ['config', 'log'],
      [],
    );
    expect(answers).toEqual([
      '"price-push"',
      '"Push prices to \\(strings.Join(regions, ", "))"',
      '"pricing/ready"}, {',
      '"0 6 * * *"',
      '"http://h/load"',
      '"http://h/push?\\(r)"',
      `"'\\(r)' in response.body"}]`,
      'runtime: url: "http://h/load"',
      '{',
      '[{event: "pricing/ready"}, {',
      null,
      null,
    ]);
  }, 60_000);

  test('in the function itself, not in the pattern that all functions are held to', async () => {
    const text = `package main

import defs "inngest.com/defs/v1"

functions: [ID=string]: defs.#Function & {id: ID, name: string | *ID}
functions: {
	"a-daily": {triggers: [], steps: go: runtime: url: "http://h/a"}
	"b-event": {name: "B", triggers: [{event: "b/x"}], steps: go: runtime: url: "http://h/b"}
}
`;
    const answers = await found(
      text,
      ['functions', 'b-event'],
      ['functions', 'a-daily', 'throttle'],
      ['functions', 'b-event', 'name'],
      ['functions', 'b-event', 'triggers', 0, 'event'],
      ['functions', 'a-daily', 'steps', 'go', 'runtime', 'url'],
    );
    expect(answers.map((answer) => answer?.slice(0, 14))).toEqual([
      '{name: "B", tr',
      '{triggers: [],',
      '"B", triggers:',
      '"b/x"}], steps',
      '"http://h/a"}',
    ]);
  }, 60_000);

  test('at the label where an id or a name is made of it, whatever the label stands in', async () => {
    const text = `package main

import defs "inngest.com/defs/v1"

functions: [ID=string]: defs.#Function & {id: ID, name: string | *ID, steps: [S=string]: {id: S}}
functions: {
	"Welcome Mail": {triggers: [], steps: Go: runtime: url: "http://h/a"}
	for x in ["A", "B"] {
		"W \\(x)": triggers: []
	}
}
functions: "C D": triggers: []
functions: "E F": {id: "E F", triggers: []}
`;
    const answers = await found(
      text,
      ['functions', 'Welcome Mail', 'id'],
      ['functions', 'Welcome Mail', 'name'],
      ['functions', 'Welcome Mail', 'steps', 'Go', 'id'],
      ['functions', 'W A', 'id'],
      ['functions', 'W B', 'id'],
      ['functions', 'C D', 'id'],
      ['functions', 'E F', 'id'],
    );
    expect(answers.map((answer) => answer?.slice(0, 14))).toEqual([
      '"Welcome Mail"',
      '"Welcome Mail"',
      'Go: runtime: u',
      '"W \\(x)": trig',
      '"W \\(x)": trig',
      '"C D": trigger',
      '"E F", trigger',
    ]);
  }, 60_000);

  test('in JSON, and where the root is put in front of an object', async () => {
    const text = `{
  "id": "from-json", "name": "J",
  "triggers": [{"event": "a/b"}],
  "steps": {"my.only": {"runtime": {"url": "http://h/only"}}}
}
`;
    const answers = await found(
      text,
      ['function', 'id'],
      ['function', 'triggers', 0, 'event'],
      ['function', 'steps', 'my.only', 'runtime', 'url'],
      ['function', 'cancel'],
    );
    expect(answers).toEqual(['"from-json", "name": "J",', '"a/b"}],', '"http://h/only"}}}', '{']);
  }, 60_000);

  test('also while the document is refused for something else', async () => {
    const text = 'package main\n\nfunction: {\n\tid: "a" & "b"\n\tname: "N"\n}\n';
    expect(await found(text, ['function', 'name'])).toEqual(['"N"']);
  }, 60_000);
});

test('nothing is asked where there are no paths', async () => {
  expect(await locateValues([{ document: prepared('{'), paths: [] }], limits)).toEqual([[]]);
});
