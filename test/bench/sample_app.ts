/** An app of an ordinary size, as its registration makes it. */
import type { AppDefinition } from '../../src/function/definition.ts';
import { readRegistration } from '../../src/function/registration.ts';
import { appChange } from '../../src/state/app_change.ts';

export const functionsPerApp = 10;
const nothingKnown = { functionOfAnyKind: () => null, archivedOf: () => new Map() };

export function sampleApp(appName: string, nowMs: number): AppDefinition {
  const url = `http://${appName}.test/api/inngest`;
  const functions = Array.from({ length: functionsPerApp }, (_, index) => {
    const id = `${appName}-order-${index}`;
    const runtime = { type: 'http', url: `${url}?fnId=${id}&stepId=step` };
    return {
      id,
      name: `order ${index}`,
      triggers: [{ event: `shop/order.placed.${index}` }],
      steps: { step: { id: 'step', name: 'step', runtime, retries: { attempts: 3 } } },
    };
  });
  const registration = {
    ...{ v: '0.1', deployType: 'ping', sdk: 'js:v4.18.1', framework: 'test' },
    ...{ url, appName, functions },
  };
  const read = readRegistration(registration);
  if (!read.ok) throw new Error(`the sample app is refused: ${JSON.stringify(read.errors)}`);
  const change = appChange(read.registration, null, nothingKnown, nowMs);
  if (change === null) throw new Error('the sample app is new and changes nothing');
  return change.app;
}
