/** Work on many runs as the API shows it: an addition of ours. */
import type { BulkOperation } from '../services.ts';

export function bulkView({ createdAtMs, endedAtMs, ...operation }: BulkOperation): object {
  const { id, kind, name, status, total, done, skipped, error } = operation;
  const progress = { total, done, skipped };
  return { id, kind, name, status, ...progress, createdAt: createdAtMs, endedAt: endedAtMs, error };
}
