/** A call with every part filled in. */

import type { CallRequest } from '../../src/driver/request.ts';

export const hashedId = 'af0984cbe6d0a4e3a5a3f9d0d1f3a5c0b1e2d3f4';

const event =
  '{"data":{"id":7},"id":"01JV8W3R9V2Y7M6S6S3F2K4N5P","name":"order/placed","ts":1767225600000,"user":{}}';

export function sampleRequest(changes: Partial<CallRequest> = {}): CallRequest {
  return {
    appName: 'shop',
    functionSlug: 'shop-charge',
    url: 'http://localhost:3000/api/inngest?fnId=shop-charge&stepId=step',
    stepId: 'step',
    runId: '01JV8W3R9V2Y7M6S6S3F2K4N5P',
    fnId: '5d0f2a7e-3c5e-5f0a-9a57-0d2a3b1c4e5f',
    attempt: 0,
    maxAttempts: 5,
    disableImmediateExecution: false,
    requestVersion: -1,
    itemId: 'f3b1',
    queueItemToken: 'ZjNiMS4uLjo6ZGVmYXVsdA==',
    generation: 0,
    requestId: '01JV8W3R9V2Y7M6S6S3F2K4N5Q',
    stack: [hashedId],
    stackCurrent: 1,
    event,
    events: `[${event}]`,
    steps: [[hashedId, '{"data":"first result"}']],
    stepsTooLarge: false,
    defers: {},
    accountId: '00000000-0000-4000-a000-000000000000',
    ...changes,
  };
}
