/**
 * The cloud's one connection to the hub, for all tenants, in the account CLOUD. It reconnects for
 * ever; what can't be sent meanwhile fails at its own deadline and is tried again by its loop.
 */
import {
  type JetStreamClient,
  type JetStreamManager,
  jetstream,
  jetstreamManager,
} from '@nats-io/jetstream';
import { connect, credsAuthenticator, type NatsConnection } from '@nats-io/transport-node';
import { FleetError } from '@signalbeam/sync/core/errors';
import type { Keyring, NatsKey } from '../keys/keyring.ts';
import type { Logger } from '../logging/log.ts';
import { serviceCreds } from './users.ts';

export type CloudConnection = {
  connection: NatsConnection;
  js: JetStreamClient;
  jsm: JetStreamManager;
  /** False while the hub is away: what is published then would wait in memory without a bound. */
  isConnected: () => boolean;
  /** Calls back after every reconnect; streams and accounts may have gone with the old hub. */
  onReconnect: (listener: () => void) => void;
  close: () => Promise<void>;
};

const firstConnectMsMax = 60_000;

export const connectAs = async (
  url: string,
  account: NatsKey,
  name: string,
): Promise<NatsConnection> => {
  const creds = await serviceCreds(account, name);
  const connecting = connect({
    servers: url.split(','),
    name,
    authenticator: credsAuthenticator(creds),
    maxReconnectAttempts: -1,
    waitOnFirstConnect: true,
    // A hub that starts anew may not know our account for a moment: that is no reason to give up.
    ignoreAuthErrorAbort: true,
    reconnectTimeWait: 500,
    reconnectJitter: 500,
    pingInterval: 15_000,
    maxPingOut: 2,
    inboxPrefix: '_INBOX.cloud',
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      connecting.then((connection) => connection.close()).catch(() => {});
      reject(
        new FleetError('broker-unavailable', `The hub at ${url} did not let us in for a minute.`, {
          next: 'Check NATS_URL and that the hub runs with the configuration made for this database.',
        }),
      );
    }, firstConnectMsMax);
  });
  return Promise.race([connecting, late]).finally(() => clearTimeout(timer));
};

const watch = async (
  connection: NatsConnection,
  log: Logger,
  on: { connected: (connected: boolean) => void; reconnect: () => void },
): Promise<void> => {
  for await (const status of connection.status()) {
    if (status.type === 'disconnect') {
      on.connected(false);
      log.warn('the hub is away');
    }
    if (status.type === 'error') log.warn({ error: status.error }, 'the hub reports an error');
    if (status.type === 'reconnect') {
      log.info('the hub is back');
      on.connected(true);
      on.reconnect();
    }
  }
};

export const connectCloud = async (options: {
  url: string;
  keyring: Keyring;
  name: string;
  log: Logger;
}): Promise<CloudConnection> => {
  const connection = await connectAs(options.url, options.keyring.cloud, options.name);
  const listeners: (() => void)[] = [];
  let connected = true;
  watch(connection, options.log, {
    connected: (now) => {
      connected = now;
    },
    reconnect: () => {
      for (const listener of listeners) listener();
    },
  }).catch((error) => options.log.error({ error }, 'watching the hub failed'));
  return {
    connection,
    js: jetstream(connection, { timeout: 5_000 }),
    jsm: await jetstreamManager(connection, { checkAPI: false, timeout: 5_000 }),
    isConnected: () => connected && !connection.isClosed(),
    onReconnect: (listener) => {
      listeners.push(listener);
    },
    close: async () => {
      if (!connection.isClosed()) await connection.drain().catch(() => connection.close());
    },
  };
};
