/** How log lines name the work that they are about: the same fields everywhere. */
import type { LogFields } from '../lib/logger.ts';
import { isSystemPartition, type LeasedItem } from './item.ts';

/** Ids of items that are about a step: `<run>.<role>:<step>`. One with the role `next` only comes after it. */
const ofStep = /^[^.]*\.(?:plan|sleep|gateway|timeout|request|sync-retry):(.+)$/s;

/** Run, function, step (hashed) and attempt of an item, as far as it has them. */
export function itemFields(item: LeasedItem): LogFields {
  const { id, kind, runId, partition, attempt } = item;
  const step = ofStep.exec(id)?.[1];
  return {
    item: id,
    kind,
    ...(runId !== '' && { run: runId }),
    ...(!isSystemPartition(partition) && { functionId: partition }),
    ...(step !== undefined && { step }),
    attempt,
  };
}
