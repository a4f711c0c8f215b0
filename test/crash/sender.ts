/** Clients of the server's doors that do not give up: a lost answer or a 503 means the same request once more. */

import { eventually } from '../eventually.ts';
import type { Posting, Refusal } from './observation.ts';
import type { Random } from './random.ts';

export interface Event {
  readonly name: string;
  readonly data: Readonly<Record<string, unknown>> & { readonly eid: string };
}

const requestDeadlineMs = 15_000;
/** The server is away for less than this, whatever happens to it. */
const giveUpMs = 120_000;
const retryMs = 120;

export class Sender {
  readonly postings: Posting[] = [];
  /** By what was answered: how often. */
  readonly #refusals = new Map<string, Refusal>();
  /** Requests that were refused or lost their answer. */
  lost = 0;

  constructor(private readonly serverUrl: () => string) {}

  /** Resolves once the events are acknowledged. All have the same name. */
  async post(events: readonly Event[], random: Random): Promise<void> {
    // Two ways to say that a repeated event is the same: an id of the sender's, or the seed that SDKs send.
    const hasSeed = random.isOneIn(2);
    const body = JSON.stringify(
      events.map(({ name, data }) => ({ name, data, ...(hasSeed ? {} : { id: data.eid }) })),
    );
    const headers = {
      'content-type': 'application/json',
      ...(hasSeed && { 'x-inngest-event-id-seed': seedOf(random) }),
    };
    const { answer, attempts } = await this.#untilAnswered('/e/test', {
      method: 'POST',
      headers,
      body,
    });
    const { ids } = JSON.parse(answer.text) as { ids: string[] };
    const eids = events.map(({ data }) => data.eid);
    const name = events[0]?.name ?? '';
    const acknowledgedAtMs = Date.now();
    this.postings.push({ eids, name, attempts, internalIds: ids, acknowledgedAtMs });
  }

  /** Resolves once the server says that the run is cancelled, or that it has ended. */
  async cancel(runId: string): Promise<void> {
    await this.#untilAnswered(`/v1/runs/${runId}`, { method: 'DELETE' }, [202, 204, 409]);
  }

  /** What a GET gives, or null while it cannot be had. */
  async look(path: string): Promise<unknown> {
    const answer = await this.#send(path, { method: 'GET' });
    return answer?.status === 200 ? (JSON.parse(answer.text) as { data: unknown }).data : null;
  }

  async #untilAnswered(
    path: string,
    init: RequestInit,
    accepted: readonly number[] = [],
  ): Promise<{ answer: Answer; attempts: number }> {
    let attempts = 0;
    const answer = await eventually(
      async () => {
        attempts += 1;
        const given = await this.#send(path, init);
        if (given !== null && (given.status === 200 || accepted.includes(given.status)))
          return given;
        this.lost += 1;
        // 503 is how a server says that it is not able to now; anything else is no answer to a good request.
        if (given !== null && given.status !== 503) {
          this.#noteRefusal(path, `${init.method} ${path}: ${given.status} ${given.text.trim()}`);
        }
        return null;
      },
      { deadlineMs: giveUpMs, intervalMs: retryMs, what: `an answer to ${init.method} ${path}` },
    );
    return { answer, attempts };
  }

  /** Answers that no client should get. */
  get refusals(): readonly Refusal[] {
    return [...this.#refusals.values()];
  }

  #noteRefusal(path: string, answer: string): void {
    const subject = path.split('/').at(-1) ?? path;
    const times = (this.#refusals.get(answer)?.times ?? 0) + 1;
    this.#refusals.set(answer, { subject, answer: answer.slice(0, 400), times });
  }

  async #send(path: string, init: RequestInit): Promise<Answer | null> {
    try {
      const signal = AbortSignal.timeout(requestDeadlineMs);
      const answer = await fetch(`${this.serverUrl()}${path}`, { ...init, signal });
      return { status: answer.status, text: await answer.text() };
    } catch {
      return null;
    }
  }
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** The time and ten bytes, as SDKs send them. */
function seedOf(random: Random): string {
  const bytes = Uint8Array.from({ length: 10 }, () => random.between(0, 255));
  return `${Date.now()},${Buffer.from(bytes).toString('base64')}`;
}
