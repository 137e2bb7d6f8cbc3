/**
 * Calls the sites of this cloud when greetings are answered again (`core/call` says when). What it asks
 * Postgres for is who to call, so a Postgres that is away is found out by the same question: nobody is
 * called before it answers. Lossy and unsigned like a poke; a device that misses it asks by itself.
 */

import type { Logger } from '@signalbeam/platform/logging/log';
import type { CloudConnection } from '@signalbeam/platform/nats/connect';
import type { Sql } from '@signalbeam/platform/postgres/pool';
import type { callSchema } from '@signalbeam/sync/wire/heartbeat';
import { cloudSubjects, everyDevice } from '@signalbeam/sync/wire/subjects';
import type { z } from 'zod';
import {
  callBegun,
  callFailed,
  callMade,
  callWanted,
  planCalls,
  startCalls,
  withinMsFor,
} from '../core/call.ts';

type Row = { tenant_key: string; site: string; devices: number };

export type CallOptions = {
  cloud: Pick<CloudConnection, 'connection' | 'isConnected'>;
  /** Role `sb_ingest`. */
  sql: Sql;
  /** Milliseconds that only grow. */
  steady: () => number;
  log: Logger;
  called: (sites: number) => void;
};

export const startCalling = (options: CallOptions) => {
  const { cloud, sql, steady, log } = options;
  let known = startCalls();
  let busy: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  const call = async (): Promise<number | null> => {
    const { rows } = await sql.query<Row>({
      name: 'telemetry-sites-to-call',
      text: `SELECT tenant_key, site, count(*)::int AS devices
               FROM device_manager.public_devices
              WHERE registration_status = 'approved' GROUP BY tenant_key, site`,
      values: [],
    });
    if (stopped || !cloud.isConnected()) return null;
    const devices = rows.reduce((sum, row) => sum + row.devices, 0);
    const text = JSON.stringify({ withinMs: withinMsFor(devices) } satisfies z.infer<
      typeof callSchema
    >);
    for (const { tenant_key: tenantKey, site } of rows)
      cloud.connection.publish(cloudSubjects.down(tenantKey, site, everyDevice, 'call'), text);
    return rows.length;
  };
  const run = (): void => {
    if (stopped || busy !== undefined) return;
    clearTimeout(timer);
    const { steps, wakeAt } = planCalls(known, steady());
    if (wakeAt !== null) timer = setTimeout(run, Math.max(1, wakeAt - steady()));
    if (steps.length === 0) return;
    known = callBegun(known);
    busy = call()
      .then(
        (sites) => {
          // Away from the hub nobody was called: being back is a cause of its own.
          if (sites === null) return;
          known = callMade(known, steady());
          options.called(sites);
        },
        (error) => {
          known = callFailed(known, steady());
          log.debug({ error }, 'devices could not be called; trying again');
        },
      )
      .finally(() => {
        busy = undefined;
        run();
      });
  };
  return {
    /** Greetings may have gone unanswered until now. */
    want: (): void => {
      known = callWanted(known);
      run();
    },
    stop: async (): Promise<void> => {
      stopped = true;
      clearTimeout(timer);
      await busy;
    },
  };
};

export type Calling = ReturnType<typeof startCalling>;
