/**
 * What the hub holds of one tenant: messages of its devices that nobody took yet, its signed records on
 * their way down, and domain events that are kept to be read again. Purged of these; other tenants' are not
 * looked at, but for the envelope of events. Doing it again finds nothing.
 */
import { streams } from '@signalbeam/sync/wire/subjects';
import { z } from 'zod';
import type { CloudConnection } from '../nats/connect.ts';

type Hub = Pick<CloudConnection, 'js' | 'jsm'>;

const eventsAtOnce = 500;
const envelope = z.object({ tenantId: z.uuid() });

/** What devices had sent: before the rows go, so that nothing of it becomes one. */
export const purgeMessages = async ({ jsm }: Hub, tenantKey: string): Promise<void> => {
  await jsm.streams.purge(streams.up, { filter: `${tenantKey}.>` });
};

export const purgeRecords = async ({ jsm }: Hub, tenantKey: string): Promise<void> => {
  const bucket = streams.desiredBucket;
  await jsm.streams.purge(`KV_${bucket}`, { filter: `$KV.${bucket}.${tenantKey}.>` });
};

/**
 * Events name their tenant inside, so all that are kept are looked through, once. The hub deletes them one by one, each
 * with an answer of its own: those that came together are asked for together. It is not asked to write over each, which takes eight
 * times as long: what its files hold of them goes within the week that events are kept. `told` hears how many.
 */
export const purgeEvents = async (
  { js, jsm }: Hub,
  tenantId: string,
  told: (events: number) => void = () => {},
): Promise<number> => {
  const { last_seq: last } = (await jsm.streams.info(streams.events)).state;
  const consumer = await js.consumers.get(streams.events);
  let purged = 0;
  for (let left = (await consumer.info()).num_pending; left > 0; ) {
    const some = Math.min(eventsAtOnce, left);
    const messages = await consumer.fetch({ max_messages: some, expires: 5_000 });
    const own: number[] = [];
    let seen = 0;
    for await (const message of messages) {
      seen += 1;
      left = message.seq >= last ? 0 : message.info.pending;
      const read = envelope.safeParse(parse(message.string()));
      if (read.success && read.data.tenantId === tenantId) own.push(message.seq);
    }
    await Promise.all(own.map((seq) => jsm.streams.deleteMessage(streams.events, seq, false)));
    purged += own.length;
    if (own.length > 0) told(own.length);
    if (seen === 0) left = 0;
  }
  return purged;
};

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};
