/**
 * Reads `lua/` while the program is bundled: imported as a macro, so that the sources end up inside the
 * binary. Under `bun run` the macro runs when the importing module is loaded.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Text by name: `run_enter` for lua/run_enter.lua, `lib/lease` for lua/lib/lease.lua. */
export function readScriptFiles(): Record<string, string> {
  const root = join(import.meta.dir, '..', '..', 'lua');
  const texts: Record<string, string> = {};
  for (const path of readdirSync(root, { recursive: true, encoding: 'utf8' }).sort()) {
    if (path.endsWith('.lua')) texts[path.slice(0, -4)] = readFileSync(join(root, path), 'utf8');
  }
  return texts;
}
