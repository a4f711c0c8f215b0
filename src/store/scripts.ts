/**
 * The Lua scripts of `lua/`, with their shared fragments filled in. Both engines run exactly these texts.
 */
import { readScriptFiles } from './script_files.ts' with { type: 'macro' };
import type { ScriptName } from './store.ts';

const fragmentFolder = 'lib/';
const includeLine = /^[ \t]*--[ \t]*include:[ \t]*([\w./-]+)[ \t]*$/;

const files: Readonly<Record<string, string>> = readScriptFiles();

/** Every script in `lua/` by name, ready to be loaded into an engine. Throws when an include is wrong. */
export function loadScripts(): Map<ScriptName, string> {
  return resolveScripts(files);
}

/** The same scripts, but they tell history nothing: what history costs is measured against these. */
export function scriptsWithoutFacts(): Record<ScriptName, string> {
  const silent = '-- include: args\nlocal function publish_facts()\nend';
  return Object.fromEntries(resolveScripts({ ...files, 'lib/outbox': silent }));
}

/**
 * Resolves `-- include: NAME` lines against the entries called `lib/NAME`. A fragment appears once in a
 * script, where it is first asked for.
 */
export function resolveScripts(files: Readonly<Record<string, string>>): Map<ScriptName, string> {
  const scripts = new Map<ScriptName, string>();
  for (const [name, text] of Object.entries(files)) {
    if (name.startsWith(fragmentFolder)) continue;
    scripts.set(name, fillIncludes(files, text, [name], new Set()));
  }
  return scripts;
}

function fillIncludes(
  files: Readonly<Record<string, string>>,
  text: string,
  path: readonly string[],
  included: Set<string>,
): string {
  const lines = text.split('\n').map((line) => {
    const name = includeLine.exec(line)?.[1];
    if (name === undefined) return line;
    const fragment = fragmentFolder + name;
    if (path.includes(fragment)) {
      throw new Error(`lua include cycle: ${[...path, fragment].join(' -> ')}`);
    }
    if (included.has(fragment)) return '';
    const source = files[fragment];
    if (source === undefined) {
      throw new Error(`${path.at(-1)} includes ${name}, but lua/${fragment}.lua does not exist`);
    }
    included.add(fragment);
    return fillIncludes(files, source, [...path, fragment], included);
  });
  return lines.join('\n');
}
