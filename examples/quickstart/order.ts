/** An order on its way: four steps, a pause between them, and a payment service with a hiccup. */
import { RetryAfterError } from 'inngest';
import { inngest, orderPlaced } from './client.ts';

export const fulfilOrder = inngest.createFunction(
  { id: 'fulfil-order', name: 'Fulfil an order', triggers: orderPlaced, retries: 3 },
  async ({ event, step, attempt }) => {
    const { orderId, cents } = event.data;

    const parcel = await step.run('reserve-stock', () => {
      report(`reserve-stock    one parcel set aside for order ${orderId}`);
      return { shelf: 'B4', grams: 420 };
    });

    const payment = await step.run('charge-card', () => {
      if (attempt === 0) {
        report('charge-card      the payment service is busy; asking for a retry in 1 s');
        throw new RetryAfterError('the payment service is busy', 1000);
      }
      report(`charge-card      ${(cents / 100).toFixed(2)} paid, on attempt ${attempt + 1}`);
      return { reference: `pay-${orderId}`, cents };
    });

    await step.run('call-courier', () => {
      report('call-courier     here in 2 s; until then nothing of this function runs');
    });
    await step.sleep('wait-for-courier', '2s');

    return step.run('send-parcel', () => {
      report(`send-parcel      ${parcel.grams} g left shelf ${parcel.shelf}, ${payment.reference}`);
      return { orderId, sent: true };
    });
  },
);

function report(line: string): void {
  process.stdout.write(`${line}\n`);
}
