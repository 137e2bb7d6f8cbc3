/**
 * The hub's configuration as text. Operator mode with a full resolver: account JWTs are pushed by
 * the cloud and kept in `jwtDir`; only the system account and CLOUD are written here, so the hub
 * serves its first connection. No field that nats-server 2.9.10 does not know.
 */
import type { Keyring } from '../keys/keyring.ts';
import { cloudAccountJwt, operatorJwt, systemAccountJwt } from './accounts.ts';

export type HubKeys = {
  operatorJwt: string;
  systemAccountKey: string;
  systemAccountJwt: string;
  cloudAccountKey: string;
  cloudAccountJwt: string;
};

export type HubSettings = {
  keys: HubKeys;
  serverName?: string;
  /** Where clients and leafs reach it. Without TLS this must stay on loopback. */
  host?: string;
  port: number;
  leafPort: number;
  /** What leafs are told to dial, `host:port`: without it they learn the hub's own address and go round proxies. */
  leafAdvertise?: string;
  /** Always on loopback: it shows every connection. */
  monitorPort: number;
  storeDir: string;
  jwtDir: string;
  tls?: { certFile: string; keyFile: string };
};

/** Public parts only: nothing in a hub's configuration is secret. */
export const hubKeys = async (keyring: Keyring): Promise<HubKeys> => ({
  operatorJwt: await operatorJwt(keyring),
  systemAccountKey: keyring.system.publicKey,
  systemAccountJwt: await systemAccountJwt(keyring),
  cloudAccountKey: keyring.cloud.publicKey,
  cloudAccountJwt: await cloudAccountJwt(keyring),
});

/**
 * Leafs keep to the address they were given: a load balancer's, or one behind a proxy. WebSocket
 * leafs are not told any other.
 */
export const leafAdvertiseOf = (leafUrls: readonly string[]): { leafAdvertise?: string } => {
  const urls = leafUrls.map((each) => new URL(each));
  const first = urls.find(({ protocol }) => protocol === 'nats-leaf:' || protocol === 'tls:');
  return first === undefined ? {} : { leafAdvertise: `${first.hostname}:${first.port || '7422'}` };
};

/**
 * How long a device may take to sign in once it was let through the door, as long as it waits itself. The
 * server's own two seconds send those away who come back with all others or over a slow link, and each of
 * them is work done for nothing and half a minute of its own jitter.
 */
const signInSeconds = 20;

/** JSON's string form is also NATS's, escapes included. */
const quoted = (text: string): string => JSON.stringify(text);

export const hubConfig = (settings: HubSettings): string => {
  const { keys, port, leafPort, monitorPort, storeDir, jwtDir, tls } = settings;
  const host = settings.host ?? '127.0.0.1';
  const tlsBlock =
    tls === undefined
      ? ''
      : `\n  tls { cert_file: ${quoted(tls.certFile)}, key_file: ${quoted(tls.keyFile)}, timeout: ${signInSeconds} }`;
  const { leafAdvertise } = settings;
  const advertise = leafAdvertise === undefined ? '' : `\n  advertise: ${quoted(leafAdvertise)}`;
  return `# Made by signalbeam; changes are overwritten.
server_name: ${quoted(settings.serverName ?? 'hub')}
listen: ${quoted(`${host}:${port}`)}${tlsBlock}
http: ${quoted(`127.0.0.1:${monitorPort}`)}
authorization { timeout: ${signInSeconds} }

# Half-open links are found within a minute of silence from either side.
ping_interval: "20s"
ping_max: 2
write_deadline: "10s"
max_payload: 262144
max_pending: 8388608
max_control_line: 8192

jetstream {
  store_dir: ${quoted(storeDir)}
  domain: hub
}

leafnodes {
  listen: ${quoted(`${host}:${leafPort}`)}${advertise}${tlsBlock}
  authorization { timeout: ${signInSeconds} }
}

operator: ${keys.operatorJwt}
system_account: ${keys.systemAccountKey}
resolver: {
  type: full
  dir: ${quoted(jwtDir)}
  allow_delete: true
  interval: "2m"
}
resolver_preload: {
  ${keys.systemAccountKey}: ${keys.systemAccountJwt}
  ${keys.cloudAccountKey}: ${keys.cloudAccountJwt}
}
`;
};
