/** `inngest eval` as a user runs it. */
import { describe, expect, setDefaultTimeout, test } from 'bun:test';
import { starterText } from '../../src/config/starter.ts';
import { DocumentFolder, functionJson } from './document_folder.ts';

/** Each starts CUE a few times, on a machine that may be busy. */
setDefaultTimeout(60_000);

const settings = `config: {
	let redis = {backend: "redis", host: "queue", password: "$SECRET"}
	queue: service: redis
	state: service: redis
	datastore: service: {backend: "postgres", URI: "postgres://me:\${SECRET}@db/inngest?sslmode=require"}
	execution: drivers: http: {name: "http", signingKey: "$SECRET"}
}
`;
const env = { SECRET: 'hunter2' };

describe('eval', () => {
  test('prints what a document comes to, as one JSON document', async () => {
    using folder = new DocumentFolder({ 'inngest.cue': starterText('cue') });
    const { exitCode, stdout, stderr } = await folder.run(['eval']);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout.split('\n').length).toBe(2);
    const { functions, ...rest } = JSON.parse(stdout);
    expect(rest).toEqual({});
    expect(functions.welcome).toMatchObject({
      id: 'welcome',
      name: 'Welcome a customer',
      steps: { profile: { id: 'profile', retries: { attempts: 5 } } },
    });
  });

  test('is indented for people at a terminal', async () => {
    using folder = new DocumentFolder({ 'a.json': functionJson('a') });
    expect(await folder.show(['eval', 'a.json'])).toContain('\n  "functions": {\n    "a": {\n');
  });

  test('gives a document that comes to the same', async () => {
    using folder = new DocumentFolder({ 'inngest.cue': starterText('cue') });
    const { stdout: first } = await folder.run(['eval']);
    const valid = await folder.run(['validate', '-'], { stdin: first });
    expect({ ...valid, stdout: '' }).toEqual({ exitCode: 0, stdout: '', stderr: '' });
    expect((await folder.run(['eval', '-'], { stdin: first })).stdout).toBe(first);
  });

  test('keeps a dollar that is meant as one', async () => {
    using folder = new DocumentFolder({
      'inngest.json': functionJson('a').replace('The function', '\\u0024PRICE of'),
    });
    const { stdout } = await folder.run(['eval']);
    expect(JSON.parse(stdout).functions.a.name).toBe('$PRICE of a');
    expect((await folder.run(['eval', '-'], { stdin: stdout })).stdout).toBe(stdout);
  });

  test('puts the functions of several files into one document', async () => {
    using folder = new DocumentFolder({ 'a.json': functionJson('a'), 'b.json': functionJson('b') });
    const { stdout } = await folder.run(['eval', 'a.json', 'b.json']);
    expect(Object.keys(JSON.parse(stdout).functions)).toEqual(['a', 'b']);
  });

  test('masks keys and passwords of the settings', async () => {
    using folder = new DocumentFolder({ 'inngest.cue': settings });
    const { stdout } = await folder.run(['eval'], { env });
    expect(stdout).not.toContain('hunter2');
    const { config } = JSON.parse(stdout);
    expect(config.queue.service).toMatchObject({ host: 'queue', password: '***' });
    expect(config.datastore.service.URI).toBe('postgres://me:***@db/inngest?sslmode=require');
    expect(config.execution.drivers.http.signingKey).toBe('***');
  });

  test('shows them when it is told to', async () => {
    using folder = new DocumentFolder({ 'inngest.cue': settings });
    const { stdout } = await folder.run(['eval', '--show-secrets'], { env });
    const { config } = JSON.parse(stdout);
    expect(config.queue.service.password).toBe('hunter2');
    expect(config.datastore.service.URI).toStartWith('postgres://me:hunter2@');
  });

  test('tells problems as validate does', async () => {
    using folder = new DocumentFolder({ 'inngest.json': functionJson('a', { triggers: [] }) });
    const [evaluated, validated] = await Promise.all([
      folder.run(['eval']),
      folder.run(['validate']),
    ]);
    expect(evaluated).toEqual(validated);
    expect(evaluated.exitCode).toBe(1);
    const { stdout, exitCode } = await folder.run(['eval', '--json']);
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      valid: false,
      sources: ['inngest.json'],
      problems: [{ source: 'inngest.json' }],
    });
  });
});
