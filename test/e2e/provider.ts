/** The fake service behind `step.fetch` and `step.ai.infer`: an echo, a status on demand, a chat model. */

export interface ProviderCall {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export class Provider {
  readonly calls: ProviderCall[] = [];
  private readonly server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: (request) => this.answer(request),
  });

  get url(): string {
    return `http://127.0.0.1:${this.server.port}`;
  }

  /** The calls whose path or body mentions the key. */
  callsWith(key: string): ProviderCall[] {
    return this.calls.filter((call) => call.path.includes(key) || call.body.includes(key));
  }

  async stop(): Promise<void> {
    await this.server.stop(true);
  }

  private async answer(request: Request): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    const call: ProviderCall = {
      method: request.method,
      path: pathname + search,
      headers: Object.fromEntries(request.headers),
      body: await request.text(),
    };
    this.calls.push(call);
    const status = pathname.match(/^\/status\/(\d+)$/)?.[1];
    if (status !== undefined) return new Response('as asked', { status: Number(status) });
    if (pathname.startsWith('/refuse/')) {
      return Response.json({ error: { message: 'too many requests' } }, { status: 429 });
    }
    if (pathname.endsWith('/chat/completions')) {
      return Response.json({
        id: 'chat-1',
        object: 'chat.completion',
        choices: [{ index: 0, message: { role: 'assistant', content: 'hello from the model' } }],
        usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
      });
    }
    return Response.json({ method: call.method, body: call.body, test: call.headers['x-test'] });
  }
}
