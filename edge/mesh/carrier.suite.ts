/**
 * What every carrier promises, whatever it goes through: honest answers, subscriptions that hold,
 * nothing after the end. Run on a plain connection, on a pinned one, and through a neighbour.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Carrier } from '@signalbeam/sync/nats/carrier';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

export type CarrierWorld = {
  carrier: Carrier;
  /** Straight to the same broker. */
  far: NatsConnection;
  /** Breaks every connection between the carrier and the broker, and refuses new ones. */
  cut(): void;
  heal(): void;
  stop(): Promise<void>;
};

const bytes = (text: string): Uint8Array => Buffer.from(text);
const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await sleep(20);
};

export const carrierSuite = (name: string, open: () => Promise<CarrierWorld>): void => {
  describe(name, () => {
    let world: CarrierWorld;
    beforeEach(async () => {
      world = await open();
      await until(() => world.carrier.status() === 'connected');
    });
    afterEach(() => world.stop());

    test('asks and is answered, and says why not', async () => {
      const { carrier, far } = world;
      far.subscribe('suite.echo', {
        callback: (_failure, message) => void message.respond(message.data),
      });
      far.subscribe('suite.mute', { callback: () => undefined });
      await far.flush();
      const reply = await carrier.request('suite.echo', bytes('hello'), 2_000);
      expect(reply).toMatchObject({ kind: 'reply', code: 0 });
      expect(reply.kind === 'reply' && Buffer.from(reply.bytes).toString()).toBe('hello');
      expect(await carrier.request('suite.nobody', bytes(''), 2_000)).toEqual({
        kind: 'failed',
        reason: 'no-responders',
      });
      expect(await carrier.request('suite.mute', bytes(''), 200)).toEqual({
        kind: 'failed',
        reason: 'timeout',
      });
    });

    test('says that the broker stored it, with its sequence', async () => {
      const { carrier } = world;
      const first = await carrier.publishDurable('suite.durable', bytes('a'), 2_000);
      const second = await carrier.publishDurable('suite.durable', bytes('b'), 2_000);
      expect(first).toMatchObject({ kind: 'stored', stream: 'SUITE' });
      expect(second.kind === 'stored' && first.kind === 'stored' && second.seq - first.seq).toBe(1);
      expect(await carrier.publishDurable('suite.no-stream', bytes(''), 2_000)).toMatchObject({
        kind: 'failed',
      });
    });

    test('a cut is told, nothing is sent into it, and subscriptions hold over it', async () => {
      const { carrier, far, cut, heal } = world;
      const heard: string[] = [];
      const told: string[] = [];
      carrier.subscribe('suite.down.>', (message, subject) =>
        heard.push(`${subject} ${Buffer.from(message).toString()}`),
      );
      carrier.onStatus((status) => told.push(status));
      const say = async (text: string): Promise<void> => {
        while (!heard.includes(`suite.down.x ${text}`)) {
          far.publish('suite.down.x', text);
          await sleep(20);
        }
      };
      await say('before');
      cut();
      await until(() => carrier.status() === 'connecting');
      expect(carrier.publish('suite.up', bytes('lost'))).toBe(false);
      expect(await carrier.request('suite.nobody', bytes(''), 500)).toMatchObject({
        kind: 'failed',
        reason: 'disconnected',
      });
      heal();
      await until(() => carrier.status() === 'connected');
      await say('after');
      expect(told).toEqual(['connecting', 'connected']);
    });

    test('after the end it says so and carries nothing', async () => {
      const { carrier } = world;
      await carrier.close();
      expect(carrier.status()).toBe('closed');
      expect(carrier.publish('suite.up', bytes(''))).toBe(false);
      expect(await carrier.publishDurable('suite.durable', bytes(''), 500)).toMatchObject({
        kind: 'failed',
      });
    });
  });
};
