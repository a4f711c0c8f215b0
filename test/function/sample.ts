/** A registration as the JS SDK sends it, to be varied by tests. */

export const stepUrl = 'http://localhost:3000/api/inngest?fnId=shop-pay&stepId=step';

export function sampleFunction(
  changes: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return {
    id: 'shop-pay',
    name: 'Pay',
    triggers: [{ event: 'order/placed' }],
    steps: {
      step: {
        ...{ id: 'step', name: 'step', runtime: { type: 'http', url: stepUrl } },
        retries: { attempts: 4 },
      },
    },
    ...changes,
  };
}

export function sampleDocument(
  functions: readonly unknown[] = [sampleFunction()],
  changes: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return {
    ...{
      v: '0.1',
      url: 'http://localhost:3000/api/inngest',
      deployType: 'ping',
      sdk: 'js:v4.18.1',
    },
    ...{ framework: 'express', appName: 'shop', functions, capabilities: { trust_probe: 'v1' } },
    ...changes,
  };
}
