/**
 * Event name patterns of triggers: a name, or a wildcard that stands for everything below a `/` or
 * `.` (execution.md §3.3).
 */

/**
 * Every trigger pattern that an event of this name sets off, the name itself first. A wildcard covers
 * any depth because every prefix gives one.
 */
export function patternsOf(eventName: string): string[] {
  const patterns = [eventName];
  for (const delimiter of ['/', '.']) {
    // A prefix is never empty: `/*` alone would stand for no namespace.
    let at = eventName.indexOf(delimiter, 1);
    while (at !== -1) {
      const pattern = `${eventName.slice(0, at + 1)}*`;
      if (pattern !== eventName) patterns.push(pattern);
      at = eventName.indexOf(delimiter, at + 1);
    }
  }
  return patterns;
}

/** `app/*` and `app/user.*` are wildcards; `*` and `ord*` are plain names. */
export function isWildcard(pattern: string): boolean {
  return pattern.length > 2 && (pattern.endsWith('/*') || pattern.endsWith('.*'));
}

/** Whether a trigger's `event` accepts an event name: the same answer as `patternsOf`, for one pair. */
export function matchesPattern(pattern: string, eventName: string): boolean {
  if (pattern === eventName) return true;
  return isWildcard(pattern) && eventName.startsWith(pattern.slice(0, -1));
}
