/**
 * Answers a device's hello with a signed welcome: where each of its lanes stands. Whose epoch is the
 * one a device lives in is known from its hello alone. Hellos that come
 * together (a site or a hub came back) are answered from one query. A hello that can't be verified
 * gets no answer; the device asks again, and where Postgres failed it is called (./call.ts).
 */

import type { Msg, NatsConnection } from '@nats-io/transport-node';
import type { Logger } from '@signalbeam/platform/logging/log';
import type { Pool } from '@signalbeam/platform/postgres/pool';
import { sealEnvelope } from '@signalbeam/sync/wire/dsse';
import { type Hello, openHello, type Welcome } from '@signalbeam/sync/wire/hello';
import { payloadTypes } from '@signalbeam/sync/wire/records';
import { cloudSubjects, parseDeviceSubject } from '@signalbeam/sync/wire/subjects';
import { welcomeLanes } from '../core/welcome.ts';
import type { Directory, FoundDevices, KnownDevice } from './directory.ts';
import { takeForLast } from './greeted-epoch.ts';
import { laneKeyText } from './statements.ts';

type Asked = { message: Msg; device: KnownDevice; hello: Hello };
type PositionRow = {
  device_id: string;
  lane: string;
  epoch: string;
  up_to: number;
  hash: string;
  overtaken: boolean;
};

/** Hellos answered by one query, and how many may wait before new ones are left to ask again. */
const batchMax = 500;
const waitingMax = 20_000;

export type WelcomeOptions = {
  connection: NatsConnection;
  /** Role `sb_ingest`. */
  pool: Pool;
  directory: Directory;
  now: () => number;
  pressure: () => number;
  log: Logger;
  facts: (outcome: 'welcomed' | 'refused' | 'failed') => void;
  /** Some got no answer; those who asked wait for longer each time. */
  unanswered: () => void;
};

const helloSubjectOf = ({ tenantKey, site, deviceId }: KnownDevice): string =>
  `${tenantKey}.signalbeam.hello.${site}.${deviceId}`;

const verify = (message: Msg, devices: FoundDevices): Asked | string => {
  const sender = parseDeviceSubject(message.subject);
  const device = devices.get(sender?.device ?? '') ?? null;
  if (device === null) return 'unknown device';
  if (message.subject !== helloSubjectOf(device)) return 'not the subject of this device';
  if (!device.approved) return 'the device is not approved';
  const opened = openHello(message.data, device.trustedKey);
  if (opened.kind === 'refused') return opened.reason;
  if (opened.value.device !== device.deviceId) return 'it names another device';
  return { message, device, hello: opened.value };
};

const readPositions = async (
  pool: Pool,
  asked: readonly Asked[],
): Promise<Map<string, { upTo: number; hash: string }>> => {
  const keys = asked.flatMap(({ device, hello }) =>
    hello.lanes.map(({ lane, epoch }) => ({ deviceId: device.deviceId, lane, epoch })),
  );
  const { rows } = await pool.query<PositionRow>({
    name: 'telemetry-positions',
    text: `SELECT w.device_id, w.lane, w.epoch, w.up_to, w.hash,
                  w.lane = 'reported' AND EXISTS (
                    SELECT FROM telemetry.watermarks later
                     WHERE later.device_id = w.device_id AND later.lane = w.lane
                       AND later.opened > w.opened) AS overtaken
             FROM telemetry.watermarks w
             JOIN unnest($1::uuid[], $2::text[], $3::text[]) AS k (device_id, lane, epoch)
               USING (device_id, lane, epoch)`,
    values: [
      keys.map((key) => key.deviceId),
      keys.map((key) => key.lane),
      keys.map((key) => key.epoch),
    ],
  });
  // Rare, so one by one: no two positions are ever locked together here.
  for (const { device_id: deviceId, epoch, overtaken } of rows)
    if (overtaken) await takeForLast(pool, { deviceId, epoch });
  return new Map(
    rows.map((row) => [
      laneKeyText({ deviceId: row.device_id, lane: row.lane, epoch: row.epoch }),
      { upTo: row.up_to, hash: row.hash },
    ]),
  );
};

const answer = async (messages: readonly Msg[], options: WelcomeOptions): Promise<void> => {
  const { directory, log, facts, now, pressure } = options;
  for (const { subject } of messages) {
    const sender = parseDeviceSubject(subject);
    const known = sender === null ? null : (directory.peek(sender.device) ?? null);
    if (known !== null && subject !== helloSubjectOf(known)) directory.doubt(known.deviceId);
  }
  const devices = await directory.find(
    messages.map(({ subject }) => parseDeviceSubject(subject)?.device ?? ''),
  );
  const asked: Asked[] = [];
  for (const message of messages) {
    const verified = verify(message, devices);
    if (typeof verified !== 'string') {
      asked.push(verified);
      continue;
    }
    facts('refused');
    log.debug({ subject: message.subject, reason: verified }, 'a hello was refused');
  }
  if (asked.length === 0) return;
  const positions = await readPositions(options.pool, asked);
  for (const { message, device, hello } of asked) {
    const { deviceId } = device;
    const welcome: Welcome = {
      device: deviceId,
      nonce: hello.nonce,
      serverTime: now(),
      lanes: welcomeLanes(
        hello.lanes,
        (lane, epoch) => positions.get(laneKeyText({ deviceId, lane, epoch })),
        pressure(),
      ),
    };
    message.respond(sealEnvelope(payloadTypes.welcome, welcome, [device.ingestSigner]));
    facts('welcomed');
  }
};

/** One replica of the queue group answers each hello. */
export const startWelcome = (options: WelcomeOptions): { stop: () => Promise<void> } => {
  let waiting: Msg[] = [];
  let answering: Promise<void> | undefined;
  const drain = async (): Promise<void> => {
    while (waiting.length > 0) {
      const messages = waiting.slice(0, batchMax);
      waiting = waiting.slice(batchMax);
      await answer(messages, options).catch((error) => {
        options.facts('failed');
        options.unanswered();
        options.log.warn({ error }, 'hellos could not be answered; devices ask again');
      });
    }
    answering = undefined;
  };
  const subscription = options.connection.subscribe(cloudSubjects.hellos, {
    queue: 'welcome',
    callback: (error, message) => {
      if (error !== null || waiting.length >= waitingMax) return;
      waiting.push(message);
      answering ??= drain();
    },
  });
  return {
    stop: async () => {
      subscription.unsubscribe();
      await answering;
    },
  };
};
