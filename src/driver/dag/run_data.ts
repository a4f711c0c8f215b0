/** What a run's expressions and requests see: its event, and the outputs of steps. Each is opened when first used. */

import type { Variables } from '../../expression/expression.ts';
import { canonicalJson } from '../../lib/canonical_json.ts';
import type { Graph, GraphStep } from './graph.ts';
import type { Memos } from './memos.ts';

/** A step that has just ended and has no memo yet. */
export interface JustEnded {
  readonly id: string;
  readonly output: unknown;
}

export class RunData {
  #event: { readonly value: unknown } | undefined;
  #steps: Readonly<Record<string, unknown>> | undefined;

  constructor(
    private readonly graph: Graph,
    private readonly memos: Memos,
    private readonly eventText: string,
  ) {}

  /**
   * Variables of an edge's expressions. `response` is the output of the edge's parent; `asyncText` the event that
   * resumed the last wait on the way.
   */
  variables(
    response: unknown,
    { asyncText, ended }: { readonly asyncText?: string; readonly ended?: JustEnded },
  ): Variables {
    const data = this;
    let steps: Readonly<Record<string, unknown>> | undefined;
    return {
      get event() {
        return data.event();
      },
      get steps() {
        steps ??= ended
          ? Object.fromEntries([...Object.entries(data.steps()), [ended.id, ended.output]])
          : data.steps();
        return steps;
      },
      response,
      ...(asyncText !== undefined && { async: parsed(asyncText) }),
    };
  }

  /** What edges from the trigger may refer to: nothing that changes while the run goes on. */
  triggerVariables(): Variables {
    const data = this;
    return {
      get event() {
        return data.event();
      },
      steps: {},
      // Known to be missing.
      response: undefined,
    };
  }

  response(step: GraphStep): unknown {
    return parsed(this.memos.output(step.opId).text);
  }

  /** Canonical JSON text of the outputs by step id. */
  stepsText(): string {
    const members = this.finished().map(
      (step) => [step.step.id, this.memos.output(step.opId).text] as const,
    );
    members.sort(([left], [right]) => (left < right ? -1 : 1));
    return `{${members.map(([id, text]) => `${canonicalJson(id)}:${text}`).join(',')}}`;
  }

  private event(): unknown {
    this.#event ??= { value: parsed(this.eventText) };
    return this.#event.value;
  }

  private steps(): Readonly<Record<string, unknown>> {
    this.#steps ??= Object.fromEntries(
      this.finished().map((step) => [step.step.id, this.response(step)]),
    );
    return this.#steps;
  }

  /** Steps that ended well. */
  private finished(): GraphStep[] {
    const { memos } = this;
    return this.graph.steps.filter(
      ({ opId }) => memos.text(opId) !== undefined && !memos.hasFailed(opId),
    );
  }
}

function parsed(text: string): unknown {
  return JSON.parse(text);
}
