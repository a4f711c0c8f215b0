/** The examples of functions in documents, run whole on both engines, with a crash of the server in the middle of each. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { AnswerStep } from '../../examples/cue/step-server.ts';
import { hasRedis } from '../redis_server.ts';
import { DeclaredStage, type Engine, exampleText } from './declared_stage.ts';

const stageDeadlineMs = 120_000;
const testDeadlineMs = 100_000;
const dayMs = 86_400_000;

/** A day is too long for a test. */
const answers: Readonly<Record<string, AnswerStep>> = {
  '/library/choose-date': () => ({
    body: { remind_at: new Date(Date.now() + 1_000).toISOString() },
  }),
};

async function examplesFor(engine: Engine): Promise<Record<string, string>> {
  // The same function in both forms.
  const starter = engine === 'embedded' ? 'starter.cue' : 'starter.json';
  return {
    [starter]: await exampleText(starter, { '"5s"': '"1s"' }),
    'branches.cue': await exampleText('branches.cue'),
    'waits.cue': await exampleText('waits.cue', { '"2d"': '"2s"' }),
    'wait-for-event.cue': await exampleText('wait-for-event.cue', { '"2h"': '"10s"' }),
    'cron.cue': await exampleText('cron.cue'),
    'flow-control.cue': await exampleText('flow-control.cue', {
      '"10s", timeout': '"1s", timeout',
      '"5s"': '"1s"',
    }),
    'join-all.cue': await exampleText('join-all.cue'),
    'many-functions.cue': await exampleText('many-functions.cue'),
    'templating.cue': await exampleText('templating.cue'),
  };
}

/** What is called when the server crashes: one step of each example that has several. */
const gates = [
  '/welcome/profile',
  '/claims/assess',
  '/library/choose-date',
  '/parking/photograph',
  '/weather/publish',
  '/travel/flight',
  '/travel/hotel',
  '/travel/car',
  '/prices/load',
] as const;

const engines: readonly Engine[] = ['embedded', 'redis'];
for (const engine of engines) {
  const isHere = engine === 'embedded' || hasRedis(engine);
  const name = `examples on ${engine}${isHere ? '' : ' (skipped: not installed)'}`;
  describe.skipIf(!isHere)(name, () => {
    let stage: DeclaredStage;
    const events: Record<string, string> = {};

    beforeAll(async () => {
      stage = await DeclaredStage.open(engine, await examplesFor(engine), answers);
      for (const gate of gates) stage.holdNext(gate);
      const send = async (key: string, event: string, data: Record<string, unknown>) => {
        events[key] = await stage.send({ name: event, data });
      };
      await send('starter', 'shop/customer.created', { email: 'ada@example.com' });
      await send('small claim', 'claims/claim.filed', { amount: 500, country: 'CH' });
      await send('waits', 'library/book.lent', {
        due_at: new Date(Date.now() + dayMs + 2_000).toISOString(),
        grace_days: 1 / 86_400,
      });
      await send('paid ticket', 'parking/ticket.issued', { ticket: 'A-1' });
      await send('cron', 'weather/reading.wanted', { station: 'zurich' });
      await send('join', 'travel/trip.wanted', { to: 'Lisbon' });
      await send('templating', 'prices/list.approved', { list: 'spring' });
      await stage.whenHeld(gates);
      await stage.crash();
    }, stageDeadlineMs);
    afterAll(() => stage?.close(), stageDeadlineMs);

    const endedRun = (key: string) => stage.endedOne(events[key] ?? '');

    test.concurrent(
      'the starter runs: a step, a mail, and after a wait the offer',
      async () => {
        const run = await endedRun('starter');
        expect(run.status).toBe('Completed');
        expect(run.output).toEqual({ offer: { status: 200, body: { done: true } } });
        // The step that was being called when the server crashed is called once more; no other is.
        expect(stage.stepsOf(run)).toEqual(['offer', 'profile', 'profile', 'send-mail']);
        const [, , mail] = stage.callsOf(run);
        expect(mail?.request.steps).toEqual({
          profile: { status: 200, body: { plan: 'free', language: 'en' } },
        });
      },
      testDeadlineMs,
    );

    test.concurrent(
      'conditions decide which way a run takes, and the step behind both runs once',
      async () => {
        const small = await endedRun('small claim');
        const large = await stage.endedOne(
          await stage.send({ name: 'claims/claim.filed', data: { amount: 5_000, country: 'DE' } }),
        );
        expect([small.status, large.status]).toEqual(['Completed', 'Completed']);
        expect(stage.stepsOf(small)).toEqual(['assess', 'assess', 'pay-out', 'write-letter']);
        expect(stage.stepsOf(large)).toEqual(['assess', 'inspect', 'write-letter']);
      },
      testDeadlineMs,
    );

    test.concurrent(
      'waits of every form end, and what follows them runs once',
      async () => {
        const run = await endedRun('waits');
        expect(run.status).toBe('Completed');
        expect(stage.stepsOf(run)).toEqual([
          'as-chosen',
          'choose-date',
          'choose-date',
          'due-tomorrow',
          'last-word',
          'tip',
        ]);
      },
      testDeadlineMs,
    );

    test.concurrent(
      'of two steps that wait for an event one runs when it comes and the other when it does not',
      async () => {
        const unpaidEvent = await stage.send({
          name: 'parking/ticket.issued',
          data: { ticket: 'B-2' },
        });
        const paidEvent = events['paid ticket'] ?? '';
        await stage.whenWaiting(paidEvent, 1);
        await stage.send({ name: 'parking/ticket.paid', data: { ticket: 'A-1', by: 'card' } });
        const [paid, unpaid] = [await endedRun('paid ticket'), await stage.endedOne(unpaidEvent)];
        expect(stage.stepsOf(paid)).toEqual(['open-gate', 'photograph', 'photograph']);
        expect(stage.stepsOf(unpaid)).toEqual(['call-guard', 'photograph']);
        const opened = stage.callsOf(paid).at(-1)?.request;
        expect(opened?.async).toMatchObject({
          name: 'parking/ticket.paid',
          data: { ticket: 'A-1', by: 'card' },
        });
        expect(stage.callsOf(unpaid).at(-1)?.request.async).toBeUndefined();
      },
      testDeadlineMs,
    );

    test.concurrent(
      'a function with schedules is started by its event, too, and cancelled by another',
      async () => {
        expect((await endedRun('cron')).status).toBe('Completed');
        stage.holdNext('/weather/publish');
        const event = await stage.send({
          name: 'weather/reading.wanted',
          data: { station: 'bern' },
        });
        await stage.whenHeld(['/weather/publish']);
        await stage.send({ name: 'weather/station.offline', data: { station: 'bern' } });
        const run = await stage.endedOne(event);
        stage.releaseAll();
        expect(run.status).toBe('Cancelled');
      },
      testDeadlineMs,
    );

    test.concurrent(
      'a step that joins all runs once, when all are done, and sees what they answered',
      async () => {
        const run = await endedRun('join');
        expect(run.status).toBe('Completed');
        expect(stage.stepsOf(run)).toEqual([
          'car',
          'car',
          'confirm',
          'flight',
          'flight',
          'hotel',
          'hotel',
        ]);
        const confirm = stage.callsOf(run).find(({ request }) => request.ctx.step_id === 'confirm');
        expect(confirm?.request.steps).toEqual({
          car: { status: 200, body: { plate: 'ZH 1234' } },
          flight: { status: 200, body: { seat: '14C' } },
          hotel: { status: 200, body: { room: 301 } },
        });
      },
      testDeadlineMs,
    );

    test.concurrent(
      'steps that a loop has made run for those that the condition names',
      async () => {
        const run = await endedRun('templating');
        expect(run.status).toBe('Completed');
        expect(stage.stepsOf(run)).toEqual(['load', 'load', 'send-basel', 'send-zurich']);
      },
      testDeadlineMs,
    );

    test.concurrent(
      'one event starts several functions of a document',
      async () => {
        const event = await stage.send({ name: 'many/visitor.arrived', data: {} });
        const runs = await stage.ended(event, 2);
        const called = runs.flatMap((run) => stage.stepsOf(run)).sort();
        expect(called).toEqual(['count', 'greet']);
      },
      testDeadlineMs,
    );

    test.concurrent(
      'functions with flow control run',
      async () => {
        const names = [
          'image.uploaded',
          'report.wanted',
          'alarm.raised',
          'page.edited',
          'account.synced',
          'ticket.opened',
          'parcel.scanned',
          'invoice.sent',
          'export.wanted',
        ];
        for (const name of names) {
          const event = await stage.send({ name: `flow/${name}`, data: { customer: 'c' } });
          const run = await stage.endedOne(event);
          expect(run.status).toBe('Completed');
          expect(stage.stepsOf(run)).toEqual(['work']);
        }
      },
      testDeadlineMs,
    );
  });
}
