/**
 * The configuration of the site's leaf node: who belongs to the site by the roster and what each may,
 * no JetStream, one remote with the gateway's narrow credentials. A device's own credentials would
 * be good at a leaf for ever; by the roster it is out as soon as this agent hears that it left.
 * Text in, text out; refusing an open listener is decided here.
 */
import { FleetError } from '@signalbeam/sync/core/errors';
import type { Enrolment } from '@signalbeam/sync/wire/enrolment';
import { devicePermissions } from '@signalbeam/sync/wire/permissions';

export type LeafListen = {
  host: string;
  port: number;
  /** Both files or neither; beyond loopback they are required. */
  tls: { certFile: string; keyFile: string } | null;
};

export type LeafPaths = {
  configFile: string;
  credentialsFile: string;
  pidFile: string;
  logFile: string;
};

/** A member of the site by its roster, who signs in with the key that the roster names. */
export type LeafMember = { deviceId: string; nkey: string };

const loopback = /^(?:127\.\d+\.\d+\.\d+|localhost|::1)$/;
const logBytesMax = 1024 * 1024;

/** Anybody on the LAN could listen to a plain-text listener, so there is none. */
export const assertSafeListen = ({ host, port, tls }: LeafListen): void => {
  if (loopback.test(host) || tls !== null) return;
  throw new FleetError(
    'leaf-listen-insecure',
    `The leaf would listen on ${host}:${port} without TLS, so anybody on the network could read along. It was not started.`,
    { next: 'Give --leaf-tls-cert and --leaf-tls-key, or listen on 127.0.0.1.' },
  );
};

export const leafConfig = (parts: {
  enrolment: Omit<Enrolment, 'records'>;
  members: readonly LeafMember[];
  listen: LeafListen;
  monitorPort: number;
  paths: LeafPaths;
  /** Between two dials of the hub; drawn per start, so that sites don't dial in step. */
  redialSeconds: number;
}): string => {
  const { enrolment, listen, paths } = parts;
  const { nats, tenantKey } = enrolment;
  const text = JSON.stringify;
  const urls = nats.leafUrls.map((url) => text(url)).join(', ');
  const tls =
    listen.tls === null
      ? ''
      : `tls { cert_file: ${text(listen.tls.certFile)}, key_file: ${text(listen.tls.keyFile)} }`;
  return `listen: ${text(`${listen.host}:${listen.port}`)}
http: "127.0.0.1:${parts.monitorPort}"
server_name: ${text(`leaf-${enrolment.site}-${enrolment.deviceId}`)}
pid_file: ${text(paths.pidFile)}
log_file: ${text(paths.logFile)}
logfile_size_limit: ${logBytesMax}
ping_interval: "10s"
ping_max: 2
write_deadline: "10s"
max_payload: 256KB
max_pending: 8MB
${tls}
leafnodes {
  reconnect: ${parts.redialSeconds}
  remotes: [ { urls: [ ${urls} ], credentials: ${text(paths.credentialsFile)}, account: ${tenantKey} } ]
}
accounts {
  ${tenantKey}: { users: [
${parts.members.map((member) => userOf(enrolment.site, member)).join('\n')}
  ] }
}
`;
};

/** The cloud writes nkeys and ids; what is not one would be configuration, so it is left out. */
const nkeyPattern = /^U[A-Z2-7]{55}$/;

const userOf = (site: string, { deviceId, nkey }: LeafMember): string => {
  if (!nkeyPattern.test(nkey)) return '';
  const { publish, subscribe } = devicePermissions(site, deviceId);
  const list = (subjects: readonly string[]) => `{ allow: ${JSON.stringify(subjects)} }`;
  return `    { nkey: ${nkey}, permissions: { publish: ${list(publish)}, subscribe: ${list(subscribe)} } }`;
};

/** The file format nats-server reads credentials from. */
export const credentialsFile = (jwt: string, seed: string): string =>
  `-----BEGIN NATS USER JWT-----
${jwt}
------END NATS USER JWT------

-----BEGIN USER NKEY SEED-----
${seed}
------END USER NKEY SEED------
`;
