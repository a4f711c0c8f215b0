/** What a user of the server's HTTP interface does in the tests: send events, look at runs, send signals. */

export interface Run {
  readonly run_id: string;
  readonly function_id: string;
  readonly event_id: string;
  readonly status: string;
  readonly ended_at: string | null;
  readonly output?: unknown;
}

/** One queue item of a run; `at` is when it is due. */
export interface Job {
  readonly at: string | number;
  readonly kind: string;
  readonly attempt: number;
}

export interface SentEvent {
  readonly name: string;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly id?: string;
  readonly ts?: number;
}

const endedStatuses = new Set(['Completed', 'Failed', 'Cancelled', 'Skipped']);

export function hasEnded(run: Run): boolean {
  return endedStatuses.has(run.status);
}

export class ServerClient {
  private readonly urls: readonly string[];
  private asked = 0;

  /** Several servers that share a store are asked in turn. */
  constructor(
    urls: string | readonly string[],
    private readonly eventKey = 'test-key',
    private readonly headers: Readonly<Record<string, string>> = {},
  ) {
    this.urls = [urls].flat();
  }

  /** Of the server whose turn it is. */
  get url(): string {
    this.asked += 1;
    return this.urls[this.asked % this.urls.length] ?? '';
  }

  /** Sends one event or several in one request; the ids in the order given. */
  async send(events: SentEvent | readonly SentEvent[]): Promise<string[]> {
    const answer = await fetch(`${this.url}/e/${this.eventKey}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(events),
    });
    const text = await answer.text();
    if (answer.status !== 200) throw new Error(`sending events: ${answer.status} ${text}`);
    const { ids } = JSON.parse(text) as { ids: string[] };
    return ids;
  }

  async runsOf(eventId: string): Promise<Run[]> {
    return (await this.get<Run[] | null>(`/v1/events/${eventId}/runs`)) ?? [];
  }

  run(runId: string): Promise<Run> {
    return this.get<Run>(`/v1/runs/${runId}`);
  }

  async jobs(runId: string): Promise<Job[]> {
    return (await this.get<Job[] | null>(`/v1/runs/${runId}/jobs`)) ?? [];
  }

  async cancel(runId: string): Promise<number> {
    const answer = await fetch(`${this.url}/v1/runs/${runId}`, {
      method: 'DELETE',
      headers: this.headers,
    });
    await answer.arrayBuffer();
    return answer.status;
  }

  /** The run that was resumed, or null when none waits for the signal. */
  async signal(signal: string, data: unknown): Promise<string | null> {
    const answer = await fetch(`${this.url}/v1/signals`, {
      method: 'POST',
      headers: { ...this.headers, 'content-type': 'application/json' },
      body: JSON.stringify({ signal, data }),
    });
    const text = await answer.text();
    if (answer.status === 404) return null;
    if (answer.status !== 200) throw new Error(`sending a signal: ${answer.status} ${text}`);
    return (JSON.parse(text) as { data: { run_id: string } }).data.run_id;
  }

  async get<T>(path: string): Promise<T> {
    const answer = await fetch(`${this.url}${path}`, { headers: this.headers });
    const text = await answer.text();
    if (answer.status !== 200) throw new Error(`GET ${path}: ${answer.status} ${text}`);
    const document = JSON.parse(text) as { data?: T; error?: string };
    if (document.error !== undefined) throw new Error(`GET ${path}: ${document.error}`);
    return document.data as T;
  }
}
