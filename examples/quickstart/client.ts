/** The app's name, and the events it knows. */
import { eventType, Inngest } from 'inngest';
import { z } from 'zod';

export const inngest = new Inngest({ id: 'quickstart' });

export const orderPlaced = eventType('shop/order.placed', {
  schema: z.object({ orderId: z.string(), cents: z.number().int().positive() }),
});
