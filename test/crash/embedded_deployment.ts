/** One server on its embedded engine, killed again and again: also while it starts, and several times in a row. */

import { join } from 'node:path';
import type { HistoryOptions } from '../../src/history/open_history.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { openEmbeddedStore } from '../../src/store/embedded/engine.ts';
import { ServerProcess } from '../server_process.ts';
import { type Battlefield, type Deployment, untilBusy } from './deployment.ts';
import type { Random } from './random.ts';

/** Between a server's start and its death, on average: enough for it to get somewhere. */
const lifeMs = 300;
const shortLifeMs = 40;
/** Most servers of this age have not opened their doors yet. */
const startupMsMax = 130;
const moods = ['steady', 'steady', 'busy', 'busy', 'busy', 'burst', 'starting'] as const;

export class EmbeddedDeployment implements Deployment {
  readonly name = 'embedded engine';

  private constructor(private readonly server: ServerProcess) {}

  static async open(): Promise<Deployment> {
    return new EmbeddedDeployment(await ServerProcess.start({ args: ['--log-level', 'info'] }));
  }

  get history(): HistoryOptions {
    return { kind: 'sqlite', path: join(this.server.dataDir, 'history.db') };
  }

  serverUrl(): string {
    return this.server.url;
  }

  async strike(random: Random, field: Battlefield): Promise<void> {
    const mood = random.pick(moods);
    if (mood === 'starting') {
      // The instant of the kill is what is under test: nothing is waited for.
      await Bun.sleep(random.between(0, startupMsMax));
    } else {
      await this.server.whenHealthy();
      if (mood === 'busy') await untilBusy(field);
      await Bun.sleep(random.exponential(mood === 'steady' ? lifeMs : shortLifeMs));
    }
    field.onKill();
    await this.server.kill();
    this.server.spawn();
  }

  async recover(): Promise<void> {
    if (!this.server.isRunning) this.server.spawn();
    await this.server.whenHealthy();
  }

  async end(): Promise<readonly string[]> {
    const code = await this.server.stop();
    if (code !== 0) throw new Error(`the server ended with ${code}, asked to by SIGTERM`);
    const store = await openEmbeddedStore({ dataDir: this.server.dataDir, clock: systemClock });
    try {
      return store.keys().map((key) => key.replace(/^\{[^}]*\}:/, ''));
    } finally {
      await store.close();
    }
  }

  logs(): Promise<string> {
    return this.server.logs();
  }

  dispose(): Promise<void> {
    return this.server.dispose();
  }
}
