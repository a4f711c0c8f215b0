/** Functions that go wrong in every way that a step can, and the HTTP answers that only a raw server gives. */
import type { AnswerStep } from '../../examples/cue/step-server.ts';
import { after, functionsText, onceAt, stepAt } from './declared_text.ts';

/** More than a step may answer. */
const largeBytes = 5 * 1024 * 1024;

const broken: AnswerStep = () => ({ status: 500, body: { reason: 'broken' } });

export const failingAnswers: Readonly<Record<string, AnswerStep>> = {
  '/flaky/a': (call) =>
    Number(call.request.ctx.attempt) < 2 ? broken(call) : { body: { attempt: 'third' } },
  '/once/only': broken,
  '/gone/only': () => ({ status: 404, body: { reason: 'no such order' } }),
  '/branches/bad': broken,
  '/unclear/a': () => ({ body: { count: 'many' } }),
  '/joined/bad': () => ({ status: 400 }),
};

/** Answers that are not JSON with a status of 200. */
export function startRawSteps(): Bun.Server<undefined> {
  return Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    routes: {
      '/text': () => new Response('plain words'),
      '/empty': () => new Response(null, { status: 204 }),
      '/broken': () =>
        new Response('{"half":', { headers: { 'content-type': 'application/json' } }),
      '/envelope': () => Response.json({ status: 202, body: { inside: true } }, { status: 201 }),
      '/created': () => Response.json({ id: 7 }, { status: 201 }),
      '/refused': () => Response.json({ status: 418, body: 'a teapot' }, { status: 201 }),
      '/large': () => new Response('x'.repeat(largeBytes)),
    },
  });
}

/** `rawUrl`: where raw steps are; `absentUrl`: where nothing listens. */
export function failingText(rawUrl: string, absentUrl: string): string {
  const raw = (path: string) => onceAt(`${rawUrl}${path}`);
  return functionsText({
    flaky: { steps: { a: stepAt('/flaky/a'), b: stepAt('/flaky/b', after('a')) } },
    once: { steps: { only: onceAt('/once/only') } },
    gone: { steps: { only: stepAt('/gone/only') } },
    limited: { steps: { only: stepAt('/limited/only') } },
    absent: { steps: { only: stepAt(`${absentUrl}/only`, { retries: { attempts: 2 } }) } },
    branches: {
      steps: {
        a: stepAt('/branches/a'),
        bad: onceAt('/branches/bad', after('a')),
        never: stepAt('/branches/never', after('bad')),
        slow: stepAt('/branches/slow', after('a')),
        last: stepAt('/branches/last', after('slow')),
      },
    },
    alarm: {
      triggers: [
        {
          event: 'inngest/function.failed',
          expression: "event.data.function_id == 'cue-branches'",
        },
      ],
      steps: { tell: stepAt('/alarm/tell') },
    },
    unclear: {
      steps: {
        a: stepAt('/unclear/a'),
        b: stepAt('/unclear/b', { after: [{ step: 'a', if: 'response.body.count > 1' }] }),
      },
    },
    joined: {
      steps: {
        good: stepAt('/joined/good'),
        bad: stepAt('/joined/bad'),
        both: stepAt('/joined/both', { ...after('good', 'bad'), join: 'all' }),
        either: stepAt('/joined/either', after('bad', 'good')),
      },
    },
    cancelled: {
      steps: { a: stepAt('/cancelled/a'), b: stepAt('/cancelled/b', after('a')) },
    },
    bodies: {
      steps: {
        text: raw('/text'),
        empty: raw('/empty'),
        broken: raw('/broken'),
        envelope: raw('/envelope'),
        created: raw('/created'),
        all: stepAt('/bodies/all', {
          ...after('text', 'empty', 'broken', 'envelope', 'created'),
          join: 'all',
        }),
      },
    },
    refused: { steps: { only: raw('/refused') } },
    large: { steps: { only: stepAt(`${rawUrl}/large`) } },
    resumed: {
      steps: {
        a: stepAt('/resumed/a'),
        b: stepAt('/resumed/b', {
          after: [
            {
              step: 'a',
              async: {
                event: 'resumed/paid',
                ttl: '1h',
                match: 'async.data.key == event.data.key',
              },
            },
          ],
        }),
        c: stepAt('/resumed/c', after('b')),
        d: stepAt('/resumed/d', { after: [{ step: 'c', if: "async.data.by == 'card'" }] }),
      },
    },
  });
}
