/**
 * The ways to a broker as connections of NATS: to a leaf on the LAN, whose one certificate is
 * known, or straight to the hub. The device signs in with its own credentials on each.
 */
import { openCarrier } from '@signalbeam/sync/nats/nats-carrier';
import { deviceSubjects } from '@signalbeam/sync/wire/subjects';
import type { Approved } from '../store/enrolment.ts';
import type { Log } from './up.ts';
import type { BrokerWay, Way } from './ways.ts';

export type BrokerWayParts = {
  approved: Approved;
  seed: string;
  random: () => number;
  log: Log;
  /** A broker refuses the credentials at hand. */
  onRefused: () => void;
};

/** A leaf serves one site, so a quick return costs little; a hub may see thousands come back. */
const redialMs = { leaf: { first: 250, max: 4_000 }, hub: { first: 500, max: 30_000 } };
/** A leaf on the LAN that is slower is as good as none; many sign in at a hub, and over slow links. */
const dialTimeoutMs = { leaf: 10_000, hub: 20_000 };
/** Two misses: half-open links on the LAN are found in 30 s, on the WAN in 60 s at half the price. */
const pingIntervalMs = { leaf: 10_000, hub: 20_000 };

export type BrokerWays = ReturnType<typeof createBrokerWays>;

export const createBrokerWays = ({ approved, seed, random, log, onRefused }: BrokerWayParts) => {
  const { deviceId, site, enrolment } = approved;
  const dial = (
    to: { urls: readonly string[]; certificate: string | null; serverName?: string },
    kind: 'leaf' | 'hub',
  ) =>
    openCarrier({
      ...to,
      credentials: () => ({ jwt: enrolment.nats.deviceJwt, seed }),
      inboxPrefix: deviceSubjects.inboxPrefix(site, deviceId),
      name: `signalbeam-agent ${deviceId}`,
      random,
      log,
      refused: onRefused,
      dialTimeoutMs: dialTimeoutMs[kind],
      redialMs: redialMs[kind],
      pingIntervalMs: pingIntervalMs[kind],
    });
  return {
    dial,
    hub: (): Way => ({
      key: 'hub',
      via: 'hub',
      through: 'the hub',
      broker: brokerAt('hub', enrolment.nats.hubUrls[0], null),
      open: async () => dial({ urls: enrolment.nats.hubUrls, certificate: null }, 'hub'),
    }),
    leaf: (at: { url: string; certificate: string | null; of: string }): Way => ({
      key: `leaf ${at.of} ${at.url}`,
      via: 'leaf',
      through: `the leaf of ${at.of}`,
      broker: brokerAt('leaf', at.url, at.certificate),
      open: async () => dial({ urls: [at.url], certificate: at.certificate }, 'leaf'),
    }),
  };
};

const defaultPort = 4222;

/** Plain TCP can be passed on to a neighbour; a WebSocket's address can't be dialled as such. */
const brokerAt = (
  kind: BrokerWay['kind'],
  url: string | undefined,
  certificate: string | null,
): BrokerWay | null => {
  if (url === undefined || !/^(?:nats|tls):/.test(url)) return null;
  const { hostname, port } = new URL(url);
  return { kind, host: hostname, port: port === '' ? defaultPort : Number(port), certificate };
};
