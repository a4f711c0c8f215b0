/** §11 Steps: parallel steps. */
import { describe, expect, test } from 'bun:test';
import { hashed } from './fake_sdk.ts';
import { type Opcode, opsV1, stepRun } from './reply.ts';
import { discoveries, planned } from './scripts.ts';
import { useServer } from './spec_server.ts';

const spec = useServer();

describe('parallel steps', () => {
  test.concurrent('SDK-5.4a the stack is in the order of completion and stable', async () => {
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const run = async (name: string): Promise<Opcode> => {
      if (name === 'a') await gate;
      return stepRun(name, name);
    };
    const sdk = spec.sdk().define('f', async (call) => {
      if (hashed('b') in call.body.steps && !(hashed('a') in call.body.steps)) open();
      const reply = await planned(['a', 'b'], { run, version: 1 })(call);
      return hashed('c') in call.body.steps || reply.status !== 200
        ? reply
        : opsV1(stepRun('c', 1));
    });
    await sdk.mustRegister();
    await sdk.play('f');
    const stacks = discoveries(sdk.callsOf('f')).map(({ body }) => body.ctx.stack.stack);
    expect(stacks.at(-1)?.slice(0, 3)).toEqual(['b', 'a', 'c'].map(hashed));
    for (const stack of stacks) expect(stacks.at(-1)?.slice(0, stack.length)).toEqual([...stack]);
  }, 30_000);

  test.concurrent('SDK-5.5a after more than one opcode calls say disable_immediate_execution', async () => {
    const sdk = spec.sdk().define('f', planned(['a', 'b']));
    await sdk.mustRegister();
    await sdk.play('f');
    const [first, ...rest] = sdk.callsOf('f');
    expect(first?.body.ctx.disable_immediate_execution).toBeFalse();
    const targeted = rest.filter((call) => call.stepId !== 'step');
    expect(targeted.map(({ body }) => body.ctx.disable_immediate_execution)).toEqual([true, true]);
  });

  test.concurrent('SDK-5.5b planned steps are called concurrently', async () => {
    let waiting = 0;
    let open: () => void = () => undefined;
    const all = new Promise<void>((resolve) => {
      open = resolve;
    });
    const names = ['a', 'b', 'c', 'd', 'e'];
    const run = async (name: string): Promise<Opcode> => {
      if (++waiting === names.length) open();
      await all;
      return stepRun(name, name);
    };
    const sdk = spec.sdk().define('f', planned(names, { run }));
    await sdk.mustRegister();
    expect((await sdk.play('f')).output).toBe('joined');
  });

  test.concurrent('SDK-5.5c version 2 discovers once after a group; version 1 and race after each step', async () => {
    const names = ['a', 'b', 'c'];
    const sdk = spec
      .sdk()
      .define('v2', planned(names))
      .define('v1', planned(names, { version: 1 }))
      .define('race', planned(names, { opts: { parallelMode: 'race' } }));
    await sdk.mustRegister();
    await sdk.play('v2');
    expect(discoveries(sdk.callsOf('v2'))).toHaveLength(2);
    for (const name of ['v1', 'race']) {
      expect((await sdk.play(name)).status).toBe('Completed');
      // The last of them ends the run, and what was still queued for it is dropped.
      expect([name, discoveries(sdk.callsOf(name)).length > 2]).toEqual([name, true]);
    }
    for (const name of ['v2', 'v1', 'race']) {
      const targeted = sdk.callsOf(name).filter((call) => call.stepId !== 'step');
      expect([name, targeted.length]).toEqual([name, 3]);
    }
  });

  test.concurrent('SDK-5.5d with version 2 the flag is reset when the group ends', async () => {
    const sdk = spec
      .sdk()
      .define('v2', planned(['a', 'b']))
      .define('v1', planned(['a', 'b'], { version: 1 }));
    await sdk.mustRegister();
    await sdk.play('v2');
    await sdk.play('v1');
    expect(discoveries(sdk.callsOf('v2')).at(-1)?.body.ctx.disable_immediate_execution).toBeFalse();
    expect(discoveries(sdk.callsOf('v1')).at(-1)?.body.ctx.disable_immediate_execution).toBeTrue();
  });
});
