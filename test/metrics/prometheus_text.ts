/** Reads Prometheus' text format, and has Debian's promtool judge it. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Exposition {
  readonly samples: readonly Sample[];
  /** Kind of each metric by name. */
  readonly types: ReadonlyMap<string, string>;
  readonly helps: ReadonlyMap<string, string>;
  /** The only sample with this name and these labels; undefined when there is none. */
  value(name: string, labels?: Readonly<Record<string, string>>): number | undefined;
}

/** Throws for a line that is not in the format. */
export function parseExposition(text: string): Exposition {
  const samples: Sample[] = [];
  const types = new Map<string, string>();
  const helps = new Map<string, string>();
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const comment = /^# (HELP|TYPE) ([a-zA-Z_:][\w:]*) (.+)$/.exec(line);
    if (comment !== null) {
      const [, what, name = '', rest = ''] = comment;
      const into = what === 'TYPE' ? types : helps;
      if (into.has(name)) throw new Error(`${what} of ${name} is there twice`);
      into.set(name, rest);
    } else samples.push(sampleIn(line));
  }
  return {
    samples,
    types,
    helps,
    value(name, labels = {}) {
      const found = samples.filter((s) => s.name === name && Bun.deepEquals(s.labels, labels));
      if (found.length > 1) throw new Error(`${name} ${JSON.stringify(labels)} is there twice`);
      return found[0]?.value;
    },
  };
}

function sampleIn(line: string): Sample {
  const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
  if (match === null) throw new Error(`not a sample: ${line}`);
  const [, name = '', list = '', text = ''] = match;
  const value = text === '+Inf' ? Number.POSITIVE_INFINITY : Number(text);
  if (Number.isNaN(value)) throw new Error(`not a value: ${line}`);
  return { name, labels: labelsIn(list), value };
}

function labelsIn(list: string): Record<string, string> {
  const labels: Record<string, string> = {};
  const one = /([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/y;
  while (one.lastIndex < list.length) {
    const match = one.exec(list);
    if (match === null) throw new Error(`not labels: ${list}`);
    const [, name = '', value = ''] = match;
    if (name in labels) throw new Error(`label ${name} is there twice: ${list}`);
    labels[name] = value.replace(/\\(["\\n])/g, (_, c: string) => (c === 'n' ? '\n' : c));
  }
  return labels;
}

const promtool = (process.env.PATH ?? '')
  .split(delimiter)
  .map((folder) => join(folder, 'promtool'))
  .find((path) => existsSync(path));

export const hasPromtool = promtool !== undefined;

/** What promtool finds wrong; empty when all is well. */
export async function promtoolRemarks(text: string): Promise<string> {
  if (promtool === undefined) throw new Error('promtool is not there: look at hasPromtool first');
  const child = Bun.spawn([promtool, 'check', 'metrics'], {
    stdin: new Blob([text]),
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  const code = await child.exited;
  return `${out}${err}${code === 0 ? '' : `exit ${code}`}`;
}
