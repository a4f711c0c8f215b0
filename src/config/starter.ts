/** The document that `inngest init` writes: examples/cue/starter.cue, or the same in JSON, and the event that starts it. */
import cueText from '../../examples/cue/starter.cue' with { type: 'text' };
import json from '../../examples/cue/starter.json';

export type StarterFormat = 'cue' | 'json';

export const starterEvent = {
  name: 'shop/customer.created',
  data: { email: 'ada@example.com' },
} as const;

/** Where its steps are expected. */
export const starterOrigin = 'http://127.0.0.1:9000';

export function starterText(format: StarterFormat): string {
  return format === 'cue' ? cueText : `${JSON.stringify(json, null, 2)}\n`;
}
