/**
 * Publishes the outbox to EVENTS: in order, each until the broker stored it. One replica does so
 * at a time (an advisory lock held for the batch's transaction); a commit wakes it, a slow poll
 * covers lost wake-ups. Published rows stay a week, so a hub that lost EVENTS gets them again.
 */
import type { JetStreamClient } from '@nats-io/jetstream';
import { headers } from '@nats-io/transport-node';
import pg from 'pg';
import type { Logger } from '../logging/log.ts';
import type { Pool, Sql } from '../postgres/pool.ts';
import { transaction } from '../postgres/transaction.ts';
import { currentTraceparent, inSpan } from '../tracing/trace.ts';
import type { DomainMessage } from './message.ts';
import { wakeChannel } from './queue.ts';

const batchRows = 200;
/** Below what a hub takes by default (1 MiB), headers included. */
const messageBytesMax = 1_000_000;
const pollMs = 1_000;
const retryMs = 2_000;
const cleanMs = 10 * 60_000;
/** Any constant nobody else locks: "sbev". */
export const publisherLockKey = 0x73626576;

type Row = {
  position: number;
  id: string;
  tenant_id: string;
  type: string;
  subject: string;
  data: unknown;
  version: number;
  traceparent: string | null;
  at: Date;
};

export type EventPublisher = {
  /** Publishes what waits, now. Resolves when nothing is left or another replica is at it. */
  drain: () => Promise<void>;
  /** Sends the last hour's events again, for a stream that was lost. */
  republish: () => Promise<void>;
  stop: () => Promise<void>;
};

const messageOf = (row: Row): DomainMessage => ({
  id: row.id,
  type: row.type,
  version: row.version,
  tenantId: row.tenant_id,
  occurredAt: row.at.toISOString(),
  ...(row.traceparent === null ? {} : { traceparent: row.traceparent }),
  data: row.data,
});

const send = async (js: JetStreamClient, row: Row, body: string): Promise<void> => {
  const traceparent = row.traceparent ?? undefined;
  await inSpan(`publish ${row.type}`, { kind: 'producer', traceparent }, async () => {
    const handedOn = currentTraceparent() ?? traceparent;
    const options = { msgID: row.id, timeout: 5_000 };
    if (handedOn === undefined) return js.publish(row.subject, body, options);
    const traced = headers();
    traced.set('traceparent', handedOn);
    return js.publish(row.subject, body, { ...options, headers: traced });
  });
};

/** One that the broker will never take must not hold up all that come after it. */
const setAside = async (sql: Sql, row: Row, body: string, log: Logger): Promise<void> => {
  await sql.query(
    `INSERT INTO platform.dead_letters
       (consumer, subject, stream_sequence, payload, reason, deliveries, tenant_id)
     VALUES ('event-publisher', $1, $2, $3, 'larger than a message may be', 0, $4) ON CONFLICT DO NOTHING`,
    [row.subject, row.position, Buffer.from(body), row.tenant_id],
  );
  log.error({ subject: row.subject, type: row.type }, 'an event is too large; it was set aside');
};

const takeBatch = async (sql: Sql): Promise<Row[]> => {
  const { rows: locks } = await sql.query<{ held: boolean }>(
    'SELECT pg_try_advisory_xact_lock($1) AS held',
    [publisherLockKey],
  );
  if (locks[0]?.held !== true) return [];
  const { rows } = await sql.query<Row>(
    `SELECT position, id, tenant_id, type, subject, data, version, traceparent, at
       FROM platform.domain_events
      WHERE published_at IS NULL ORDER BY position LIMIT $1`,
    [batchRows],
  );
  return rows;
};

/** One batch; returns how many were published. What failed stays for the next time, in order. */
const publishBatch = (pool: Pool, js: JetStreamClient, log: Logger): Promise<number> =>
  transaction(pool, async (sql) => {
    const rows = await takeBatch(sql);
    let failure: unknown;
    const published: number[] = [];
    for (const row of rows) {
      try {
        const body = JSON.stringify(messageOf(row));
        if (Buffer.byteLength(body) > messageBytesMax) await setAside(sql, row, body, log);
        else await send(js, row, body);
      } catch (error) {
        failure = error;
        break;
      }
      published.push(row.position);
    }
    if (published.length > 0) {
      await sql.query(
        'UPDATE platform.domain_events SET published_at = now() WHERE position = ANY($1::bigint[])',
        [published],
      );
    }
    if (failure !== undefined && published.length === 0) throw failure;
    return published.length;
  });

/** Listens on a connection of its own; the poll covers the time without it. */
const listenForWakes = (url: string, wake: () => void): { stop: () => Promise<void> } => {
  let stopped = false;
  let client: pg.Client | undefined;
  let timer: NodeJS.Timeout | undefined;
  const open = async (): Promise<void> => {
    const fresh = new pg.Client({ connectionString: url, application_name: 'signalbeam-wake' });
    client = fresh;
    const again = (): void => {
      fresh.removeAllListeners('end');
      fresh.end().catch(() => {});
      if (!stopped) timer = setTimeout(() => void open(), retryMs);
    };
    fresh.on('error', () => {});
    fresh.on('end', again);
    fresh.on('notification', wake);
    try {
      await fresh.connect();
      await fresh.query(`LISTEN ${wakeChannel}`);
      wake();
    } catch {
      again();
    }
  };
  void open();
  return {
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      client?.removeAllListeners('end');
      await client?.end().catch(() => {});
    },
  };
};

export const startEventPublisher = (options: {
  pool: Pool;
  /** For the listening connection. */
  databaseUrl: string;
  js: JetStreamClient;
  log: Logger;
}): EventPublisher => {
  const { pool, js, log } = options;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let again = false;
  const drainOnce = async (): Promise<number> => {
    let waitMs = pollMs;
    try {
      while (!stopped && (await publishBatch(pool, js, log)) > 0);
    } catch (error) {
      waitMs = retryMs;
      if (!stopped) log.warn({ error }, 'domain events could not be published; they wait');
    }
    return waitMs;
  };
  const drain = (): Promise<void> => {
    again = true;
    running ??= (async () => {
      let waitMs = pollMs;
      while (again && !stopped) {
        again = false;
        waitMs = await drainOnce();
      }
      running = undefined;
      clearTimeout(timer);
      if (!stopped) timer = setTimeout(() => void drain(), waitMs);
    })();
    return running;
  };
  const clean = (): void => {
    pool
      .query(`DELETE FROM platform.domain_events WHERE published_at < now() - interval '7 days'`)
      .catch((error) => log.warn({ error }, 'old domain events could not be deleted'));
  };
  const cleaner = setInterval(clean, cleanMs);
  const wakes = listenForWakes(options.databaseUrl, () => void drain());
  void drain();
  return {
    drain,
    republish: async () => {
      await pool.query(
        `UPDATE platform.domain_events SET published_at = NULL
          WHERE published_at > now() - interval '1 hour'`,
      );
      await drain();
    },
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      clearInterval(cleaner);
      await wakes.stop();
      await running;
    },
  };
};
