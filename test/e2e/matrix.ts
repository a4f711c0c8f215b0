/** Which configurations are tested, and how much of each. */
import type { Configuration } from './app_process.ts';
import type { Engine } from './stage.ts';

export interface Row {
  readonly configuration: Configuration;
  /** Every scenario, or only the smoke. */
  readonly isWhole: boolean;
  /** The embedded engine and one server unless said otherwise. */
  readonly engine?: Engine;
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
    configuration: { sdk: '4', adapter: 'bun', isCheckpointing: true },
    isWhole: true,
    engine: { kind: 'redis', servers: 2 },
  },
  {
    configuration: { sdk: '4', adapter: 'bun', isCheckpointing: false },
    isWhole: true,
    engine: { kind: 'valkey', servers: 2 },
  },
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
  return [
    ...rows,
    ...short.filter(({ configuration, engine }) => configuration.isStreaming || engine),
  ];
}

/** A cron ticks once a minute: always tried with one configuration, with `E2E_CRON=1` for every one under Bun. */
export function hasCron({ sdk, adapter, isCheckpointing }: Configuration): boolean {
  if (adapter !== 'bun') return false;
  return isEveryCron || (sdk === '4' && isCheckpointing);
}

const isEveryCron = process.env.E2E_CRON === '1';
/** One shows that it fires; two that they are a minute apart. */
export const ticksWanted = isEveryCron ? 2 : 1;

export const matrix: readonly Row[] = process.env.E2E_FULL === '1' ? whole() : short;
