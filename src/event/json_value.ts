/** Values that JSON.parse lets through but that cannot travel on: too deep, or a number without a JSON form. */
import { jsonDepthMax } from '../lib/canonical_json.ts';

/**
 * The first fault as `<path>: <reason>` (`.a[2]: …`), or null. Events nest inside the request to an SDK,
 * which has its own bound, so some levels of it are kept free.
 */
export function faultIn(value: unknown): string | null {
  return faultAt(value, jsonDepthMax - envelopeLevels);
}

/** `events[0].data` in a request body, with room for what wraps an event in another event (onFailure). */
const envelopeLevels = 20;

function faultAt(value: unknown, levelsLeft: number): string | null {
  if (typeof value === 'number') {
    return Number.isFinite(value) ? null : ': the number is too large for a 64-bit float';
  }
  if (typeof value !== 'object' || value === null) return null;
  if (levelsLeft === 0) return `: nested more than ${jsonDepthMax - envelopeLevels} levels deep`;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) {
      const fault = faultAt(value[index], levelsLeft - 1);
      if (fault !== null) return pathTo(`[${index}]`, fault);
    }
    return null;
  }
  for (const [key, member] of Object.entries(value)) {
    const fault = faultAt(member, levelsLeft - 1);
    if (fault !== null) return pathTo(`.${key.slice(0, pathCharsMax)}`, fault);
  }
  return null;
}

/** A path longer than this helps nobody find the place. */
const pathCharsMax = 200;

function pathTo(step: string, fault: string): string {
  return step.length + fault.length > pathCharsMax * 2 ? fault : step + fault;
}
