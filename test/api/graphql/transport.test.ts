import { expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import { costMax } from '../../../src/api/graphql/cost.ts';
import { depthMax, fieldsMax } from '../../../src/api/graphql/limit.ts';
import { requestBytesMax } from '../../../src/api/graphql/transport.ts';
import { HistoryUnavailableError } from '../../../src/history/history_error.ts';
import { StoreUnavailableError } from '../../../src/store/store.ts';
import { eventually } from '../../eventually.ts';
import { openDoor, runId, signingKey } from '../door.ts';
import { ask, send } from './client.ts';

const json = { 'content-type': 'application/json' };
const functions = '{ functions { slug } }';

test('a query may come as POST and as GET', async () => {
  const door = openDoor();
  const data = { functions: [{ slug: 'shop-charge' }] };
  const posted = await door.knock('POST', '/v0/gql', { query: functions }, json);
  expect([posted.status, posted.json()]).toEqual([200, { data }]);
  expect(posted.headers.get('content-type')).toBe('application/json');
  const text =
    'query F($slug: String!) { functionBySlug(query: {functionSlug: $slug}) { slug } } query G { apps { id } }';
  const query = new URLSearchParams({
    query: text,
    variables: '{"slug":"shop-charge"}',
    operationName: 'F',
  });
  const got = await door.knock('GET', `/v0/gql?${query}`);
  expect(got.json()).toEqual({ data: { functionBySlug: { slug: 'shop-charge' } } });
});

test('a mutation over GET is 405 and changes nothing', async () => {
  const door = openDoor();
  const query = encodeURIComponent('mutation { cancelRun(runID: "x") { id } }');
  const answer = await door.knock('GET', `/v0/gql?query=${query}`);
  expect(answer.status).toBe(422);
  const good = encodeURIComponent('mutation { deleteAppByName(name: "shop") }');
  const refusal = await door.knock('GET', `/v0/gql?query=${good}`);
  expect([refusal.status, refusal.headers.get('allow')]).toEqual([405, 'POST']);
  expect(door.registry.removed).toEqual([]);
});

test('other methods are 405', async () => {
  const answer = await openDoor().knock('PUT', '/v0/gql', { query: functions }, json);
  expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD, POST']);
});

test('content that is not JSON is refused in the form of the original', async () => {
  const door = openDoor();
  for (const type of ['text/plain', 'multipart/form-data; boundary=x', 'application/graphql']) {
    const answer = await door.knock('POST', '/v0/gql', functions, { 'content-type': type });
    expect(answer.status).toBe(415);
    expect(answer.json()).toEqual({
      errors: [{ message: 'transport not supported' }],
      data: null,
    });
  }
});

test('a body that is no request is 400, one that is too large 413', async () => {
  const door = openDoor();
  for (const body of ['{', '[]', '1', '{"query":1}', '{"variables":[]}']) {
    const answer = await door.knock('POST', '/v0/gql', body, json);
    expect([body, answer.status]).toEqual([body, 400]);
    expect(answer.at('errors', '0', 'message')).toBeString();
  }
  const large = JSON.stringify({ query: functions, x: 'x'.repeat(requestBytesMax) });
  expect((await door.knock('POST', '/v0/gql', large, json)).status).toBe(413);
});

test('what cannot be parsed or is not valid is 422 with a code', async () => {
  const door = openDoor();
  const cases = [
    ['{ apps {', 'GRAPHQL_PARSE_FAILED', 'Syntax Error'],
    ['{ x }', 'GRAPHQL_VALIDATION_FAILED', 'Cannot query field "x" on type "Query".'],
    ['', 'GRAPHQL_VALIDATION_FAILED', 'no operation provided'],
    ['query($a: Int) { apps { id } }', 'GRAPHQL_VALIDATION_FAILED', 'never used'],
    ['query A { apps { id } } query B { apps { id } }', 'GRAPHQL_VALIDATION_FAILED', 'required'],
  ] as const;
  for (const [query, code, message] of cases) {
    const answer = await send(door, query);
    expect([query, answer.status]).toEqual([query, 422]);
    expect(answer.errors[0]?.extensions?.code).toBe(code);
    expect(answer.errors[0]?.message).toContain(message);
  }
});

test('a variable that is no time is refused and named', async () => {
  const query = 'query R($f: RunsFilterV2!) { runs(filter: $f, orderBy: []) { totalCount } }';
  const answer = await send(openDoor(), query, { f: { from: 'yesterday' } });
  expect(answer.status).toBe(422);
  expect(answer.errors[0]?.extensions?.code).toBe('GRAPHQL_VALIDATION_FAILED');
  expect(answer.errors[0]?.message).toContain('$f');
  expect(answer.errors[0]?.message).toContain('from');
  expect(answer.errors[0]?.message).toContain('RFC 3339');
});

test('the dev server asks for no key, a cloud server for the signing key', async () => {
  expect((await send(openDoor(), functions)).status).toBe(200);
  const door = openDoor({ kind: 'cloud', signingKey });
  const refused = await door.knock('POST', '/v0/gql', { query: functions }, json);
  expect([refused.status, refused.text]).toEqual([401, 'Authentication failed\n']);
  expect((await door.knock('GET', '/v0/gql?query={apps{id}}')).status).toBe(401);
  const authorization = `Bearer ${signingKey}`;
  expect((await send(door, functions, {}, { authorization })).status).toBe(200);
});

test('an operation deeper, wider or larger than the limits is refused with a clear error', async () => {
  const door = openDoor();
  const deep = `{ functions { ${'app { functions { '.repeat(depthMax)} slug ${'} }'.repeat(depthMax)} } }`;
  const wide = `{ ${Array.from({ length: fieldsMax + 1 }, (_, i) => `a${i}: apps { id }`).join(' ')} }`;
  const inner = Array.from({ length: 40 }, (_, i) => `n${i}: node { id }`).join(' ');
  const list = `runs(first: 399, filter: {from: "2026-01-01T00:00:00Z"}, orderBy: []) { edges { ${inner} } }`;
  const large = `{ ${Array.from({ length: Math.ceil(costMax / 399 / 80) + 1 }, (_, i) => `r${i}: ${list}`).join(' ')} }`;
  const spread = Array.from(
    { length: 30 },
    (_, i) => `fragment F${i} on Function { ...F${i + 1} x: app { functions { ...F${i + 1} } } }`,
  );
  const bomb = `{ functions { ...F0 } } ${spread.join(' ')} fragment F30 on Function { id }`;
  for (const [query, what] of [
    [deep, 'levels deep'],
    [wide, 'fields; at most'],
    [large, 'its answer may have'],
    [bomb, 'levels deep'],
  ] as const) {
    const answer = await send(door, query);
    expect([what, answer.status]).toEqual([what, 422]);
    expect(answer.errors[0]?.message).toContain('asks for too much');
    expect(answer.errors[0]?.message).toContain(what);
  }
});

test('very many brackets and very many words are refused', async () => {
  const door = openDoor();
  const brackets = await send(door, `{ ${'apps { '.repeat(9_000)} id ${'}'.repeat(9_000)} }`);
  expect(brackets.status).toBe(422);
  const words = await send(door, `{ ${'apps '.repeat(100_000)} }`);
  expect(words.status).toBe(422);
  expect(words.errors[0]?.extensions?.code).toBe('GRAPHQL_PARSE_FAILED');
});

test('a document that repeats a field without end is refused quickly', async () => {
  const answer = await send(openDoor(), `{ ${'functions { slug } '.repeat(999)} }`);
  expect(answer.status).toBe(422);
  expect(answer.errors.map(({ message }) => message)).toEqual([
    expect.stringContaining('select each field once'),
  ]);
});

test('a fragment that spreads itself is refused by validation', async () => {
  const query = '{ functions { ...F } } fragment F on Function { app { functions { ...F } } }';
  const answer = await send(openDoor(), query);
  expect(answer.status).toBe(422);
  expect(answer.errors[0]?.message).toContain('Cannot spread fragment "F" within itself');
});

test('a query is known by its hash once it has been sent with it', async () => {
  const door = openDoor();
  const sha256Hash = createHash('sha256').update(functions).digest('hex');
  const extensions = { persistedQuery: { version: 1, sha256Hash } };
  const unknown = await door.knock('POST', '/v0/gql', { extensions }, json);
  expect(unknown.status).toBe(200);
  expect(unknown.json()).toEqual({
    errors: [
      {
        message: 'PersistedQueryNotFound',
        extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' },
      },
    ],
    data: null,
  });
  const told = await door.knock('POST', '/v0/gql', { query: functions, extensions }, json);
  expect(told.status).toBe(200);
  const known = await door.knock('POST', '/v0/gql', { extensions }, json);
  expect(known.at('data', 'functions', '0', 'slug')).toBe('shop-charge');
  const other = await door.knock('POST', '/v0/gql', { query: '{ apps { id } }', extensions }, json);
  expect(other.status).toBe(400);
});

test('a history or a store that is away is 503 with Retry-After', async () => {
  const door = openDoor();
  door.world.failure = new StoreUnavailableError('disk full');
  const mutation = 'mutation M($id: ULID!) { rerun(runID: $id) }';
  const body = { query: mutation, variables: { id: runId } };
  const answer = await door.knock('POST', '/v0/gql', body, json);
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '2']);
  expect(answer.at('errors', '0', 'extensions', 'code')).toBe('store_unavailable');
  door.world.failure = new HistoryUnavailableError('away');
  const query =
    '{ eventsV2(filter: {from: "2026-01-01T00:00:00Z"}) { totalCount edges { cursor } } }';
  expect((await send(door, query)).status).toBe(503);
});

test('reads of history are answered while the store cannot be written, apps and changes wait', async () => {
  const door = openDoor();
  door.world.settled = () => Promise.reject(new StoreUnavailableError('disk full'));
  const from = '{from: "2026-01-01T00:00:00Z"}';
  await ask(door, `{ runs(filter: ${from}, orderBy: []) { edges { cursor } } }`);
  expect((await send(door, functions)).status).toBe(503);
  expect((await send(door, 'mutation { deleteAppByName(name: "x") }')).status).toBe(503);
});

test('a failure that nobody expected is logged and not shown', async () => {
  const door = openDoor();
  door.world.failure = new Error('secret path');
  const answer = await send(door, 'mutation M($id: ULID!) { rerun(runID: $id) }', { id: runId });
  expect(answer.status).toBe(200);
  expect(answer.errors[0]?.message).toBe(
    'The server failed to handle the request; its log has the reason.',
  );
  expect(door.logged).toHaveLength(1);
});

test('the page at /v0 needs nothing from elsewhere', async () => {
  const door = openDoor({ kind: 'cloud', signingKey });
  for (const path of ['/v0', '/v0/']) {
    const answer = await door.knock('GET', path);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(answer.text).not.toContain('https://');
    expect(answer.text).toContain("response.status + '\\n'");
  }
});

test('a change is answered only once it is durable', async () => {
  const door = openDoor();
  const disk = Promise.withResolvers<void>();
  door.world.settled = () => disk.promise;
  let isAnswered = false;
  const answer = ask(door, 'mutation { deleteAppByName(name: "shop") }').then((done) => {
    isAnswered = true;
    return done;
  });
  await eventually(() => door.registry.removed.length > 0);
  expect(isAnswered).toBe(false);
  disk.resolve();
  expect((await answer).at('deleteAppByName')).toBe(true);
});
