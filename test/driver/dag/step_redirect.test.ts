import { afterEach, describe, expect, test } from 'bun:test';
import { dagDriver } from '../../../src/driver/dag/dag_driver.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { dagOf, requestOf } from './brief_dag.ts';

const stops: Array<() => unknown> = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

const signingKey = `signkey-test-${'ab'.repeat(32)}`;
const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

/** Calls a step at the URL, signed: its one opcode. */
async function op(url: string) {
  const driver = dagDriver({ clock: systemClock, loadSteps: async () => null, signingKey });
  const request = requestOf({ target: 's', request: { traceparent } });
  const outcome = await driver(dagOf({ s: { url } })).call(request);
  if (outcome.kind !== 'opcodes') throw new Error(`unexpected: ${JSON.stringify(outcome)}`);
  return outcome.ops[0];
}

interface Seen {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly text: string;
}
/** A service that keeps what it is sent and answers as `next` says. */
function witness(next: (url: URL) => string | null) {
  const seen: Seen[] = [];
  const server = Bun.serve({
    port: 0,
    async fetch(request) {
      const { method, headers } = request;
      seen.push({ url: request.url, method, headers, text: await request.text() });
      const location = next(new URL(request.url));
      return location === null
        ? Response.json('there')
        : new Response(null, { status: 302, headers: { location } });
    },
  });
  stops.push(() => server.stop(true));
  return { url: `http://127.0.0.1:${server.port}`, seen };
}

describe('after a redirect', () => {
  test('to another origin neither query nor signature go along', async () => {
    const target = witness(() => null);
    const first = witness(() => `${target.url}/there?x=1`);
    expect(await op(`${first.url}/step?token=secret`)).toMatchObject({
      data: { body: 'there' },
    });
    expect(first.seen[0]?.headers.has('x-inngest-signature')).toBe(true);
    const [sent] = target.seen;
    expect(new URL(sent?.url ?? '').search).toBe('?x=1');
    expect(sent?.method).toBe('POST');
    expect(sent?.text).toBe(first.seen[0]?.text ?? '');
    expect(sent?.headers.get('traceparent')).toBe(traceparent);
    expect(sent?.headers.has('x-inngest-signature')).toBe(false);
  });

  test('at the same origin the signature goes along, the query does not', async () => {
    const same = witness(({ pathname }) => (pathname === '/there' ? null : '/there'));
    await op(`${same.url}/step?token=secret`);
    expect(same.seen.map(({ url }) => new URL(url).search)).toEqual(['?token=secret', '']);
    expect(same.seen[1]?.headers.has('x-inngest-signature')).toBe(true);
  });

  test('that comes back the signature stays away', async () => {
    const start = witness(({ pathname }) => (pathname === '/end' ? null : `${away.url}/`));
    const away = witness(() => `${start.url}/end`);
    await op(`${start.url}/step`);
    expect(start.seen.map(({ headers }) => headers.has('x-inngest-signature'))).toEqual([
      true,
      false,
    ]);
  });

  test('and 10 of them it comes, and not after 11', async () => {
    const down = ({ pathname }: URL) =>
      pathname === '/0' ? null : `/${Number(pathname.slice(1)) - 1}`;
    const { url } = witness(down);
    expect(await op(`${url}/10`)).toMatchObject({ op: 'StepRun' });
    expect(await op(`${url}/11`)).toMatchObject({
      op: 'StepError',
      error: {
        name: 'redirect',
        message: expect.stringContaining('more than 10 redirects: they form a loop'),
      },
    });
  });
});
