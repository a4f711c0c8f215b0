/** Which configurations are tested, and how much of each. */
import type { Configuration } from './app_process.ts';

export interface Row {
  readonly configuration: Configuration;
  /** Every scenario, or only the smoke. */
  readonly isWhole: boolean;
}

const short: readonly Row[] = [
  { configuration: { sdk: '4', adapter: 'bun', isCheckpointing: true }, isWhole: true },
  { configuration: { sdk: '4', adapter: 'bun', isCheckpointing: false }, isWhole: true },
  { configuration: { sdk: '3', adapter: 'bun', isCheckpointing: false }, isWhole: true },
  { configuration: { sdk: '3', adapter: 'bun', isCheckpointing: true }, isWhole: false },
  { configuration: { sdk: '4', adapter: 'node', isCheckpointing: true }, isWhole: false },
  { configuration: { sdk: '4', adapter: 'node', isCheckpointing: false }, isWhole: false },
  { configuration: { sdk: '4', adapter: 'express', isCheckpointing: true }, isWhole: false },
  { configuration: { sdk: '4', adapter: 'express', isCheckpointing: false }, isWhole: false },
  { configuration: { sdk: '3', adapter: 'node', isCheckpointing: false }, isWhole: false },
  {
    // inngest/bun has no streaming.
    configuration: { sdk: '4', adapter: 'node', isCheckpointing: false, isStreaming: true },
    isWhole: false,
  },
];

/** `E2E_FULL=1`: every combination of SDK, adapter and checkpointing, all scenarios. */
function whole(): Row[] {
  const rows: Row[] = [];
  for (const sdk of ['4', '3'] as const) {
    for (const adapter of ['bun', 'node', 'express'] as const) {
      for (const isCheckpointing of [true, false]) {
        rows.push({ configuration: { sdk, adapter, isCheckpointing }, isWhole: true });
      }
    }
  }
  return [...rows, ...short.filter(({ configuration }) => configuration.isStreaming)];
}

export const matrix: readonly Row[] = process.env.E2E_FULL === '1' ? whole() : short;
