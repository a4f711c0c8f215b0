/**
 * Key folding for registrations: SDKs differ in the letter case of keys (Python sends `appname`, Go
 * `Singleton`), so the whole document is read case-insensitively (sdk-http-protocol.md §1.6.2).
 */

const knownKeys = [
  ...['url', 'deployType', 'sdk', 'framework', 'appName', 'appVersion', 'functions'],
  ...['id', 'name', 'triggers', 'event', 'expression', 'cron', 'jitter'],
  ...['steps', 'runtime', 'type', 'retries', 'attempts', 'driver', 'metadata'],
  ...['concurrency', 'fn', 'step', 'limit', 'key', 'scope'],
  ...['throttle', 'rateLimit', 'period', 'burst', 'idempotency', 'debounce', 'timeout'],
  ...['batchEvents', 'maxSize', 'if', 'priority', 'run', 'cancel', 'timeouts', 'start', 'finish'],
  ...['singleton', 'mode', 'checkpoint', 'batch_steps', 'batch_interval', 'max_runtime'],
  ...['app_id', 'sdk_language', 'sdk_version'],
] as const;

const spellingOf = new Map<string, string>(knownKeys.map((key) => [key.toLowerCase(), key]));

/** Levels of a registration that have keys of ours; what lies deeper is not read. */
const levelsMax = 12;

/**
 * A copy in which every known key has its usual spelling and null members are left out (null means
 * absent). Where two keys differ in case only, the usual spelling wins, then the last one.
 */
export function foldKeys(value: unknown, levels = levelsMax): unknown {
  if (typeof value !== 'object' || value === null || levels === 0) return value;
  if (Array.isArray(value)) return value.map((item) => foldKeys(item, levels - 1));
  const folded = new Map<string, unknown>();
  const exact = new Set<string>();
  for (const [key, member] of Object.entries(value)) {
    const usual = spellingOf.get(key.toLowerCase()) ?? key;
    if (member === null || (usual !== key && exact.has(usual))) continue;
    if (usual === key) exact.add(usual);
    folded.set(usual, foldKeys(member, levels - 1));
  }
  return Object.fromEntries(folded);
}
