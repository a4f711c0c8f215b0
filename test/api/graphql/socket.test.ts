import { expect, test } from 'bun:test';
import {
  buildClientSchema,
  getIntrospectionQuery,
  type IntrospectionQuery,
  parse,
  validate,
} from 'graphql';
import { createApp } from '../../../src/api/app.ts';
import { shop } from '../door.ts';
import { fakeRegistry } from '../fake_registry.ts';
import { FakeWorld } from '../fake_services.ts';
import { uiDocuments } from './documents.ts';

const silent = { error: () => undefined, warn: () => undefined, info: () => undefined };

test('a client with nothing but fetch learns the schema and uses it', async () => {
  const app = createApp(new FakeWorld().services(), fakeRegistry([shop]), silent);
  app.listen({ port: 0, hostname: '127.0.0.1' });
  try {
    const url = `http://127.0.0.1:${app.server?.port}/v0/gql`;
    const headers = { 'content-type': 'application/json' };
    const post = async (query: string): Promise<unknown> => {
      const response = await fetch(url, {
        ...{ method: 'POST', headers },
        body: JSON.stringify({ query }),
      });
      expect(response.status).toBe(200);
      const answer: unknown = await response.json();
      return Reflect.get(Object(answer), 'data');
    };
    // What introspection answers has this form: the schema's builder checks it.
    const told = (await post(getIntrospectionQuery())) as IntrospectionQuery;
    expect(validate(buildClientSchema(told), parse(uiDocuments.GetFunctions))).toEqual([]);
    expect(await post(uiDocuments.GetFunctions)).toMatchObject({
      functions: [{ slug: 'shop-charge', app: { name: 'shop' } }],
    });
  } finally {
    await app.stop(true);
  }
});
