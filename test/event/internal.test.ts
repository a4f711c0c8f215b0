import { expect, test } from 'bun:test';
import { internalEvents, isInternal } from '../../src/event/internal.ts';

test('names that begin with inngest/ in any letter case are reserved', () => {
  for (const name of [...Object.values(internalEvents), 'inngest/', 'INNGEST/x', 'iNNgest/y']) {
    expect(isInternal(name)).toBe(true);
  }
  for (const name of ['', 'inngest', 'inngest.x', ' inngest/x', 'app/inngest/x']) {
    expect(isInternal(name)).toBe(false);
  }
});
