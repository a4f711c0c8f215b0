/** The documents say what there is: every route, each under a name of its own, with schemas that compile. */
import { expect, test } from 'bun:test';
import { createApp } from '../../../src/api/app.ts';
import { escaped } from '../../../src/api/openapi/page.ts';
import { openDoor, signingKey } from '../door.ts';
import { fakeRegistry } from '../fake_registry.ts';
import { FakeWorld } from '../fake_services.ts';
import { type ServedDocument, servedDocument } from './validated_door.ts';

const silent = { error: () => {}, warn: () => {}, info: () => {} };

/** `GET /runs/{runId}` of every route below a prefix; those for any method count as GET and POST. */
function routesBelow(prefix: string): readonly string[] {
  const { routes } = createApp(new FakeWorld().services(), fakeRegistry([]), silent);
  const isOutput = (path: string): boolean => path.endsWith('/output') && prefix === '/v1';
  return routes
    .filter(({ path }) => path.startsWith(`${prefix}/`))
    .flatMap(({ method, path }) => {
      const template = path.slice(prefix.length).replaceAll(/:(\w+)/g, '{$1}');
      // The refusal of other methods is a route for any method, too.
      if (method === 'ALL') return isOutput(path) ? [`GET ${template}`, `POST ${template}`] : [];
      return [`${method} ${template}`];
    })
    .sort();
}

function documented({ paths }: ServedDocument): readonly string[] {
  return Object.entries(paths)
    .flatMap(([path, methods]) => Object.keys(methods).map((m) => `${m.toUpperCase()} ${path}`))
    .sort();
}

test.each(['/v1', '/v2', '/api/v2'])(
  'every route below %s is documented, and nothing else',
  async (prefix) => {
    const document = await servedDocument(openDoor(), prefix);
    expect(documented(document)).toEqual(routesBelow(prefix));
    expect(documented(document).length).toBeGreaterThan(20);
  },
);

test.each(['/v1', '/v2'])(
  'operations below %s have names of their own and say what they do',
  async (prefix) => {
    const { paths } = await servedDocument(openDoor(), prefix);
    const operations = Object.values(paths).flatMap((methods) => Object.values(methods));
    const ids = operations.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const operation of operations) {
      expect(operation.summary).toBeString();
      expect(operation.description).toBeString();
      expect(Object.keys(operation.responses).length).toBeGreaterThan(0);
    }
  },
);

test.each(['/v1', '/v2', '/api/v2'])(
  'every reference in the document of %s leads somewhere',
  async (prefix) => {
    const document = await servedDocument(openDoor(), prefix);
    const text = JSON.stringify(document);
    const names = [...text.matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref = '']) => ref);
    expect(names.length).toBeGreaterThan(5);
    for (const ref of names) {
      expect(ref).toStartWith('#/components/schemas/');
      const name = ref.slice('#/components/schemas/'.length);
      expect(Object.keys(document.components.schemas)).toContain(name);
    }
    expect(text).not.toContain('$defs');
  },
);

test('documents and pages need no key, since they tell no secret', async () => {
  const door = openDoor({ kind: 'cloud', signingKey });
  for (const prefix of ['/v1', '/v2', '/api/v2']) {
    expect((await door.knock('GET', `${prefix}/openapi.json`)).status).toBe(200);
    const page = await door.knock('GET', `${prefix}/docs`);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(page.text).not.toContain('<script');
    expect(page.text).toContain('prefers-color-scheme:dark');
    expect(page.text).toContain('href="openapi.json"');
  }
});

test('a page shows every operation and escapes what it shows', async () => {
  const door = openDoor();
  const { paths } = await servedDocument(door, '/v2');
  const { text } = await door.knock('GET', '/v2/docs');
  for (const methods of Object.values(paths)) {
    for (const { operationId } of Object.values(methods))
      expect(text).toContain(`id="${operationId}"`);
  }
  expect(text).toContain(escaped("List a function's runs"));
  expect(escaped('<a href="x">&\'')).toBe('&lt;a href=&quot;x&quot;&gt;&amp;&#39;');
});
