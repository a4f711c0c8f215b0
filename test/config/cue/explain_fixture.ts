/** Documents with one thing wrong, and what is said about them. */
import { type ExplainedError, explainDocuments } from '../../../src/config/cue/explain.ts';
import { prepareDocument } from '../../../src/config/cue/prepare.ts';
import type { PreparedDocument } from '../../../src/config/cue/prepared_document.ts';

export const limits = { wallMs: 60_000, memoryBytes: 512 * 1024 * 1024 } as const;

export function prepared(text: string, name = 'inngest.cue'): PreparedDocument {
  return prepareDocument({ name, text }).document;
}

interface Parts {
  readonly id?: string;
  readonly name?: string;
  readonly triggers?: string;
  readonly steps?: string;
}

/** `id` is line 6, `name` 7, `triggers` 8, `steps` 9, `more` starts at 10; columns start at 2. */
export function functionDocument(more: string, parts: Parts = {}): string {
  return [
    'package main',
    '',
    'import defs "inngest.com/defs/v1"',
    '',
    'function: defs.#Function & {',
    `\t${parts.id ?? 'id: "x"'}`,
    `\t${parts.name ?? 'name: "X"'}`,
    `\t${parts.triggers ?? 'triggers: [{event: "e"}]'}`,
    `\t${parts.steps ?? 'steps: a: runtime: url: "http://h/a"'}`,
    `\t${more}`,
    '}',
    '',
  ].join('\n');
}

/** `more` starts at line 6, column 2. */
export function configDocument(more: string): string {
  const head = 'package main\n\nimport c "inngest.com/defs/config"\n\n';
  return `${head}config: c.#Config & {\n\t${more}\n}\n`;
}

export async function explained(
  ...texts: string[]
): Promise<readonly (readonly ExplainedError[])[]> {
  return explainDocuments(
    texts.map((text) => prepared(text)),
    limits,
  );
}

/** `function.id: conflicting values … @ 6:6`: path, message and the first position. */
export function line({ path, message, positions: [position] }: ExplainedError): string {
  const place = position ? ` @ ${position.line}:${position.column}` : '';
  return `${path === '' ? '' : `${path}: `}${message}${place}`;
}
