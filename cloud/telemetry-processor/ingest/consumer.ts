/**
 * The durable consumer on UP, kept in being: when the hub lost its folder the consumer (and the
 * stream, which platform makes again) is gone, and pulling starts anew on a fresh one. What had
 * not been acknowledged to a device is sent again by the device.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { AckPolicy, type ConsumerMessages, DeliverPolicy, type JsMsg } from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import type { Logger } from '@signalbeam/platform/logging/log';
import type { CloudConnection } from '@signalbeam/platform/nats/connect';
import { streams } from '@signalbeam/sync/wire/subjects';
import type { Queue } from './queue.ts';

export const ingestDurable = 'ingest';
/** Unacknowledged messages the hub gives out at once; with 16 KiB each 32 MiB at most. */
export const inFlightMax = 2_048;
/** Longer than a commit takes; what a replica held when it died comes again after this. */
const ackWaitMs = 10_000;
const retryMs = 500;

export type Pulling = { stop: () => Promise<void> };

const pull = async (
  cloud: CloudConnection,
  queue: Queue<JsMsg>,
  hold: (messages: ConsumerMessages) => void,
): Promise<void> => {
  await cloud.jsm.consumers.add(streams.up, {
    durable_name: ingestDurable,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    ack_wait: nanos(ackWaitMs),
    max_ack_pending: inFlightMax,
    max_deliver: -1,
  });
  const consumer = await cloud.js.consumers.get(streams.up, ingestDurable);
  const messages = await consumer.consume({
    max_messages: 1_024,
    expires: 10_000,
    abort_on_missing_resource: true,
  });
  hold(messages);
  for await (const message of messages) {
    const room = queue.put(message);
    if (room !== undefined) await room;
  }
};

export const startPulling = (options: {
  cloud: CloudConnection;
  queue: Queue<JsMsg>;
  log: Logger;
}): Pulling => {
  const { cloud, queue, log } = options;
  let stopped = false;
  let current: ConsumerMessages | undefined;
  const loop = async (): Promise<void> => {
    while (!stopped && !cloud.connection.isClosed()) {
      try {
        await pull(cloud, queue, (messages) => {
          current = messages;
          if (stopped) messages.stop();
        });
      } catch (error) {
        if (stopped) return;
        log.warn({ error }, 'pulling from the hub stopped; starting again');
      }
      if (!stopped) await sleep(retryMs);
    }
  };
  const done = loop();
  return {
    stop: async () => {
      stopped = true;
      current?.stop();
      queue.close();
      await done;
    },
  };
};
