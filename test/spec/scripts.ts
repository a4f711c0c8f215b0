/** Functions that several tests script in the same way. */
import { type Call, hashed, type Script } from './fake_sdk.ts';
import { done, type Opcode, ops, opsV1, type Reply, stepPlanned, stepRun } from './reply.ts';

/** A function that reports one opcode until its step is in the memo, and then returns the memo. */
export function untilMemo(name: string, opcode: Opcode | ((call: Call) => Opcode)): Script {
  return (call) => {
    if (hashed(name) in call.body.steps) return done({ memo: call.memo(name) });
    return ops(typeof opcode === 'function' ? opcode(call) : opcode);
  };
}

/** A function of planned steps: discovery reports what has no memo, a targeted call runs its step. */
export function planned(
  names: readonly string[],
  {
    run = (name) => stepRun(name, name),
    version = 2,
    opts = {},
  }: {
    run?: (name: string, call: Call) => Opcode | Promise<Opcode>;
    version?: 1 | 2;
    opts?: Opcode;
  } = {},
): Script {
  const reply = (...opcodes: Opcode[]): Reply =>
    version === 2 ? ops(...opcodes) : opsV1(...opcodes);
  return async (call) => {
    const target = names.find((name) => hashed(name) === call.stepId);
    if (target) return reply(await run(target, call));
    const missing = names.filter((name) => !(hashed(name) in call.body.steps));
    return missing.length > 0
      ? reply(...missing.map((name) => stepPlanned(name, opts)))
      : done('joined');
  };
}

export function discoveries(calls: readonly Call[]): Call[] {
  return calls.filter((call) => call.stepId === 'step');
}
