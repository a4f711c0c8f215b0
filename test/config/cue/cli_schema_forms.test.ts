/** The forms of the schema that make CUE say more are schemas too. */
import { expect, test } from 'bun:test';
import { moduleFiles } from '../../../src/config/cue/cli_module.ts';
import { openForm, plainForm, requiredForm } from '../../../src/config/cue/cli_schema_forms.ts';
import { CliSession } from '../../../src/config/cue/cli_session.ts';
import { schemaTexts } from '../../../src/config/cue/schema.ts';
import { configDocument, functionDocument, limits } from './explain_fixture.ts';

const [functionSchema = '', configSchema = ''] = schemaTexts.values();

test('each can be loaded, and takes what the schema takes', async () => {
  const session = new CliSession(limits);
  const documents = [
    functionDocument('throttle: period: "1m"'),
    configDocument('log: level: "warn"'),
  ];
  try {
    for (const form of [openForm, plainForm, requiredForm]) {
      for (const document of documents) {
        const files = new Map([...moduleFiles(form), ['a.cue', document]]);
        const { code, stderr } = await session.run({
          files,
          argv: ['vet', '--concrete=false', 'a.cue'],
        });
        expect([code, stderr]).toEqual([0, '']);
      }
    }
  } finally {
    session.close();
  }
}, 60_000);

test('the plain one has no defaults', () => {
  expect(plainForm(functionSchema)).not.toContain('*');
  expect(plainForm(configSchema)).not.toContain('*');
});

test('the required one asks for what has no default, whatever it is', () => {
  const lines = requiredForm(functionSchema).split('\n');
  const asked = lines.filter((line) => line.endsWith(': _')).map((line) => line.trim());
  expect(asked).toEqual(
    expect.arrayContaining(['id: _', 'name: _', 'period: _', 'url: _', 'ttl: _']),
  );
  expect(lines.join('\n')).not.toContain('attempts');
});
