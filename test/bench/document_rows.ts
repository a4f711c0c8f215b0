/** Rows about documents: how long the compiled command takes to check one of a hundred functions. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serverCommand } from '../server_process.ts';
import type { Row } from './rows.ts';
import { preciseNow } from './tally.ts';

const functionsPerDocument = 100;
const target = { value: 1_000, better: 'lower' } as const;

/** A hundred functions of three steps each, with conditions and waits; `seed` makes them unlike any seen before. */
function documentText(seed: number): string {
  const functions = Array.from({ length: functionsPerDocument }, (_, n) => {
    const url = (step: string) =>
      `{type: "http", url: "http://127.0.0.1:9000/${step}/${seed}/${n}"}`;
    return `"fn-${n}": {
  triggers: [{event: "shop/thing-${n}", expression: "event.data.total >= ${n}"}]
  steps: {
    "first": runtime: ${url('first')}
    "second": {
      runtime: ${url('second')}
      after: [{step: "first", if: "response.body.ok == true", wait: "${n + 1}m"}]
    }
    "third": {
      runtime: ${url('third')}
      after: [{step: "second"}]
      retries: attempts: 5
    }
  }
}`;
  });
  return `import defs "inngest.com/defs/v1"

functions: [ID=string]: defs.#Function & {id: ID, name: string | *ID}
functions: {
${functions.join('\n')}
}
`;
}

interface Report {
  readonly valid: boolean;
  readonly functions: readonly unknown[];
}

/** `isKnown`: the same document again, found in the data directory. */
function validating(isKnown: boolean): Row['measure'] {
  return async (rounds, progress) => {
    const folder = await mkdtemp(join(tmpdir(), 'inngest-bench-'));
    const document = join(folder, 'inngest.cue');
    const command = [...(await serverCommand()), 'validate', '--json', '--data-dir', folder];
    const validate = async (): Promise<{ ms: number; report: Report }> => {
      const startMs = preciseNow();
      const child = Bun.spawn([...command, document], { stderr: 'inherit' });
      const text = await new Response(child.stdout).text();
      await child.exited;
      // Written by the command under test.
      return { ms: preciseNow() - startMs, report: JSON.parse(text) as Report };
    };
    const figures: number[] = [];
    const miscounted: string[] = [];
    try {
      await Bun.write(document, documentText(0));
      await validate();
      for (let round = 1; round <= rounds; round += 1) {
        if (!isKnown) await Bun.write(document, documentText(round));
        const { ms, report } = await validate();
        figures.push(ms);
        const count = report.functions.length;
        if (!report.valid || count !== functionsPerDocument) miscounted.push(`${count} functions`);
        progress(`round ${round}: ${ms.toFixed(0)} ms`);
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
    return { rounds: figures, miscounted };
  };
}

export const documentRows: readonly Row[] = [
  {
    name: 'validate',
    title: `inngest validate, ${functionsPerDocument} functions, never seen`,
    unit: 'ms',
    target,
    measure: validating(false),
  },
  {
    name: 'validate-known',
    title: '… seen before',
    unit: 'ms',
    target,
    measure: validating(true),
  },
];
