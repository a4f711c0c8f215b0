/** Documents that are plain JSON, without CUE; counts how often it was asked. */
import type { Evaluator } from '../../src/config/evaluator.ts';
import type { Evaluation } from '../../src/config/source.ts';

export class JsonEvaluator implements Evaluator {
  evaluations = 0;
  /** What to wait for before answering. */
  hold: Promise<void> = Promise.resolve();
  /** Whether it goes on when it should not. */
  isDeaf = false;

  async evaluate(...[sources, signal]: Parameters<Evaluator['evaluate']>): Promise<Evaluation[]> {
    this.evaluations += 1;
    await Promise.race(this.isDeaf ? [this.hold] : [this.hold, aborted(signal)]);
    if (!this.isDeaf) signal?.throwIfAborted();
    return sources.map((source) => {
      try {
        return { ok: true, source, value: JSON.parse(source.text) };
      } catch {
        const position = { line: 1, column: 2 };
        const problem = { source: source.name, path: 'a.b', position, message: 'is no JSON' };
        return { ok: false, source, problems: [problem] };
      }
    });
  }

  async locate(...[requests]: Parameters<Evaluator['locate']>) {
    return requests.map(({ paths }) => paths.map(() => ({ line: 3, column: 4 })));
  }
}

function aborted(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => signal?.addEventListener('abort', () => resolve()));
}
