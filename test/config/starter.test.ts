import { expect, test } from 'bun:test';
import { starterEvent, starterOrigin, starterText } from '../../src/config/starter.ts';

test('the starter explains itself in comments, and its JSON form is JSON', () => {
  expect(starterText('cue').match(/^\s*\/\/ /gm)?.length).toBeGreaterThan(10);
  expect(Object.keys(JSON.parse(starterText('json')))).toEqual(['functions']);
});

test('the event and the address that are told belong to the starter', () => {
  const { welcome } = JSON.parse(starterText('json')).functions;
  expect(welcome.triggers[0].event).toBe(starterEvent.name);
  expect(starterEvent.data.email).not.toBe('');
  for (const step of Object.values<{ runtime: { url: string } }>(welcome.steps)) {
    expect(step.runtime.url).toStartWith(`${starterOrigin}/`);
  }
});
