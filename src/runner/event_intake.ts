/** Takes events in: they are stored when this resolves, and their delivery has begun. */
import type { ReceivedEvent } from '../event/event.ts';
import { intakeOf } from '../queue/intake.ts';
import { itemListArgs } from '../queue/item.ts';
import type { Store } from '../store/store.ts';

export class EventIntake {
  constructor(private readonly store: Store) {}

  async accept(events: readonly ReceivedEvent[]): Promise<void> {
    const { items, facts } = intakeOf(events);
    await this.store.run('event_accept', [...itemListArgs(items), facts.length, ...facts]);
  }

  isOverloaded(): boolean {
    return this.store.trouble() !== null;
  }
}
