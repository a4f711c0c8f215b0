/** §11 Steps: opcodes and the memo. */
import { describe, expect, test } from 'bun:test';
import { type Call, hashed } from './fake_sdk.ts';
import {
  answer,
  done,
  failure,
  type Opcode,
  ops,
  opsV1,
  raw,
  sleep,
  stepError,
  stepFailed,
  stepPlanned,
  stepRun,
  waitForEvent,
} from './reply.ts';
import { planned, untilMemo } from './scripts.ts';
import { useServer } from './spec_server.ts';

const spec = useServer();

describe('opcodes and memo', () => {
  test.concurrent('SDK-5.1.1a 206 arrays and single objects are handled, op names in any case', async () => {
    const sdk = spec
      .sdk()
      .define('array', untilMemo('a', stepRun('a', 1)))
      .define('single', ({ memo }) =>
        memo('a') === undefined ? answer(206, stepRun('a', 1)) : done({ memo: memo('a') }),
      )
      .define('upper', untilMemo('a', { ...stepRun('a', 1), op: 'STEPRUN' }))
      .define('lower', untilMemo('a', { ...stepRun('a', 1), op: 'steprun' }))
      .define(
        'nulls',
        untilMemo('a', {
          ...stepRun('a', 1),
          opts: null,
          name: null,
          userland: { id: 'a', index: null },
        }),
      );
    await sdk.mustRegister();
    for (const name of ['array', 'single', 'upper', 'lower', 'nulls']) {
      expect([name, (await sdk.play(name)).output]).toEqual([name, { memo: { data: 1 } }]);
    }
  });

  test.concurrent('SDK-5.1.1b a step with any of displayName, name or only an id is accepted', async () => {
    const id = hashed('a');
    const sdk = spec
      .sdk()
      .define(
        'display',
        untilMemo('a', { id, op: 'StepRun', displayName: 'Shown', name: 'other', data: 1 }),
      )
      .define('name', untilMemo('a', { id, op: 'StepRun', name: 'other', data: 1 }))
      .define('id', untilMemo('a', { id, op: 'StepRun', data: 1 }));
    await sdk.mustRegister();
    for (const name of ['display', 'name', 'id'])
      expect((await sdk.play(name)).status).toBe('Completed');
  });

  test.concurrent('SDK-5.1.2a step ids are opaque and the memo is keyed by them', async () => {
    const ids = ['plain-text', 'with spaces & ünïcode/../x', '__proto__', 'constructor', '0'];
    const sdk = spec.sdk().define('f', ({ body }) => {
      const next = ids.find((id) => !Object.hasOwn(body.steps, id));
      return next === undefined
        ? done(body.ctx.stack.stack)
        : ops({ id: next, op: 'StepRun', data: next });
    });
    await sdk.mustRegister();
    const run = await sdk.play('f');
    expect(run.status).toBe('Completed');
    expect(run.output).toEqual(ids);
  });

  test.concurrent('SDK-5.2.1a memo forms are exact: data, null data, errors, sleeps', async () => {
    const sdk = spec
      .sdk()
      .define('value', untilMemo('a', stepRun('a', { deep: [1, null] })))
      .define('null', untilMemo('a', stepRun('a', null)))
      .define('absent', untilMemo('a', { id: hashed('a'), op: 'StepRun' }))
      .define('legacy', untilMemo('a', { id: hashed('a'), op: 'Step', data: { raw: true } }))
      .define('sleep', untilMemo('a', sleep('a', '1ms')));
    await sdk.mustRegister();
    const memoOf = async (name: string) => (await sdk.play(name)).output;
    expect(await memoOf('value')).toEqual({ memo: { data: { deep: [1, null] } } });
    expect(await memoOf('null')).toEqual({ memo: { data: null } });
    expect(await memoOf('absent')).toEqual({ memo: { data: null } });
    expect(await memoOf('legacy')).toEqual({ memo: { raw: true } });
    expect(await memoOf('sleep')).toEqual({ memo: null });
  });

  test.concurrent('SDK-5.2.1b SDK-5.2.1c a memoized error has name and message and nothing beside error', async () => {
    const sdk = spec
      .sdk()
      .define('whole', untilMemo('a', { ...stepFailed('a', 'broke'), data: { ignored: true } }))
      .define('bare', untilMemo('a', { id: hashed('a'), op: 'StepFailed', error: {} }))
      .define(
        'text',
        untilMemo('a', { id: hashed('a'), op: 'StepFailed', error: { message: 'only a message' } }),
      );
    await sdk.mustRegister();
    for (const name of ['whole', 'bare', 'text']) {
      const { memo } = (await sdk.play(name)).output as { memo: Record<string, unknown> };
      expect(Object.keys(memo)).toEqual(['error']);
      expect(memo.error).toMatchObject({ name: expect.any(String), message: expect.any(String) });
    }
    const { memo } = (await sdk.play('whole')).output as { memo: unknown };
    expect(memo).toEqual({ error: { name: 'Error', message: 'broke', stack: 'Error: broke' } });
  });

  test.concurrent('SDK-5.2.2a pending steps that are reported again cause no second execution', async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const run = async (name: string): Promise<Opcode> => {
      if (name === 'slow') await held;
      return stepRun(name, name);
    };
    const names = ['quick', 'slow'];
    const waits = [sleep('nap', '1s'), waitForEvent('wait', 'never/sent', { timeout: '2s' })];
    const sdk = spec.sdk();
    sdk.define('f', async (call) => {
      const target = names.find((name) => hashed(name) === call.stepId);
      if (target) return opsV1(await run(target));
      if (hashed('quick') in call.body.steps && call.index < 8) setTimeout(release, 0);
      const missing = [...names.map((name) => stepPlanned(name)), ...waits].filter(
        ({ id }) => !(String(id) in call.body.steps),
      );
      return missing.length > 0 ? opsV1(...missing) : done('joined');
    });
    await sdk.mustRegister();
    expect((await sdk.play('f')).output).toBe('joined');
    for (const name of names) {
      expect(sdk.callsOf('f').filter((call) => call.stepId === hashed(name))).toHaveLength(1);
    }
  });

  test.concurrent('SDK-5.2.2b the first stored result of a step wins', async () => {
    const sdk = spec.sdk().define('f', ({ memo, index }) => {
      if (memo('a') === undefined) return ops(stepRun('a', 'first'));
      if (index === 1) return ops(stepRun('a', 'second'), stepRun('b', 1));
      return memo('b') === undefined ? failure('b was lost') : done(memo('a'));
    });
    await sdk.mustRegister();
    expect((await sdk.play('f')).output).toEqual({ data: 'first' });
  });

  test.concurrent('SDK-5.3.1a StepRun is memoized and followed by a discovery call', async () => {
    const sdk = spec.sdk().define('f', untilMemo('a', stepRun('a', 1)));
    await sdk.mustRegister();
    await sdk.play('f');
    expect(sdk.callsOf('f').map((call) => call.stepId)).toEqual(['step', 'step']);
  });

  test.concurrent('SDK-5.3.1b StepPlanned is followed by a targeted call', async () => {
    const sdk = spec.sdk().define('f', planned(['a']));
    await sdk.mustRegister();
    expect((await sdk.play('f')).output).toBe('joined');
    expect(sdk.callsOf('f').map((call) => call.stepId)).toEqual(['step', hashed('a'), 'step']);
  });

  test.concurrent('SDK-5.3.1c StepError is retried; the last one is memoized and rediscovered', async () => {
    const sdk = spec
      .sdk()
      .define('f', untilMemo('a', stepError('a', 'still broken')), { retries: 2 });
    await sdk.mustRegister();
    const run = await sdk.play('f');
    expect(run.status).toBe('Completed');
    expect(run.output).toMatchObject({
      memo: { error: { name: 'Error', message: 'still broken' } },
    });
    expect(sdk.callsOf('f').map(({ body }) => body.ctx.attempt)).toEqual([0, 1, 2, 0]);
  }, 30_000);

  test.concurrent('SDK-5.3.1d StepFailed and no-retry are memoized without a retry', async () => {
    const sdk = spec
      .sdk()
      .define('failed', untilMemo('a', stepFailed('a', 'final')))
      .define('header', (call) =>
        hashed('a') in call.body.steps
          ? done({ memo: call.memo('a') })
          : answer(206, [stepError('a', 'final')], { 'x-inngest-no-retry': 'true' }),
      );
    await sdk.mustRegister();
    for (const name of ['failed', 'header']) {
      expect((await sdk.play(name)).output).toMatchObject({
        memo: { error: { message: 'final' } },
      });
      expect(sdk.callsOf(name)).toHaveLength(2);
    }
  });

  test.concurrent('SDK-5.3.1e each planned step has its own attempts', async () => {
    const run = (name: string, { body }: Call): Opcode =>
      body.ctx.attempt < 2 ? stepError(name, 'not yet') : stepRun(name, name);
    const sdk = spec.sdk().define('f', planned(['a', 'b'], { run }), { retries: 2 });
    await sdk.mustRegister();
    expect((await sdk.play('f')).output).toBe('joined');
    for (const name of ['a', 'b']) {
      const attempts = sdk.callsOf('f').filter((call) => call.stepId === hashed(name));
      expect(attempts.map(({ body }) => body.ctx.attempt)).toEqual([0, 1, 2]);
    }
  }, 30_000);

  test.concurrent('SDK-5.3.1f an unknown opcode is a retriable failure and the server goes on', async () => {
    const sdk = spec
      .sdk()
      .define(
        'f',
        ({ index }) =>
          index === 0 ? ops({ id: hashed('a'), op: 'StepNotFound' }) : done('recovered'),
        { retries: 1 },
      );
    sdk.define('bad', () => raw(206, 'this is not JSON'), { retries: 0 });
    sdk.define('empty', () => raw(206, ''), { retries: 0 });
    sdk.define('null', () => raw(206, '[null]'), { retries: 0 });
    await sdk.mustRegister();
    expect((await sdk.play('f')).output).toBe('recovered');
    for (const name of ['bad', 'empty', 'null'])
      expect((await sdk.play(name)).status).toBe('Failed');
    expect(await spec.server.isHealthy()).toBeTrue();
  }, 30_000);
});
