/**
 * What the technician's console and `status` are shown, gathered from the parts of the agent as they
 * come and go. Every figure is a reading of now; nothing is kept here.
 */
import { hostname } from 'node:os';
import type { Reconciler } from '../agent/reconciler.ts';
import { labels } from '../core/container.ts';
import type { Hold } from '../core/hold.ts';
import type { EngineHolder } from '../host/engine-holder.ts';
import type { Grants } from '../host/grants.ts';
import { createRecentMetrics } from '../host/recent-metrics.ts';
import { agentVersion } from '../host/version.ts';
import type { Leaf } from '../link/leaf.ts';
import type { Link } from '../link/link.ts';
import type { SiteShown } from '../mesh/shown.ts';
import type { Registered } from '../store/enrolment.ts';
import type { Outbox } from '../store/outbox.ts';

export type Attached = {
  reconciler: Reconciler;
  engines: EngineHolder;
  link: Link;
  leaf: () => Leaf | null;
  site: () => SiteShown | null;
  /** Why the cloud wants nothing to do with this device any more; null while it does. */
  removed: () => string | null;
  /** A technician works here; null when nobody does. */
  hold: () => Hold | null;
  /** Technicians' grants, as this device judges them. */
  grants: Grants;
  /** That news may be held back; null while what is believed is fresh. */
  stale: () => string | null;
  /** Records that were refused since the start, by code. */
  refusedRecords: () => Readonly<Record<string, number>>;
};
export type Topic = 'device' | 'containers' | 'link' | 'events' | 'metrics';
export type AgentView = ReturnType<typeof createAgentView>;

export const createAgentView = (parts: {
  registered: Registered;
  outbox: Outbox;
  bootId: string;
  now: () => number;
  /** What is wrong with the machine's clock; null while nothing is. */
  clock: () => string | null;
}) => {
  const { outbox, now } = parts;
  const startedAt = now();
  /** The clock may be put right meanwhile. */
  const startedSteadyMs = performance.now();
  const listeners = new Set<(topic: Topic) => void>();
  let registered = parts.registered;
  let attached: Attached | null = null;
  const recent = createRecentMetrics();
  const tell = (topic: Topic): void => {
    for (const listener of listeners) listener(topic);
  };
  const metrics = {
    ...recent,
    add: (...sample: Parameters<typeof recent.add>): void => {
      recent.add(...sample);
      tell('metrics');
    },
  };

  return {
    outbox,
    metrics,
    containers: () => ({ containers: containersOf(attached), observedAt: now() }),
    attached: () => attached,
    device: () => ({
      ...deviceSnapshot(registered, attached),
      uptimeSeconds: Math.round((performance.now() - startedSteadyMs) / 1_000),
      clock: parts.clock(),
      now: now(),
    }),
    link: () => linkSnapshot(registered, attached, outbox, startedAt),
    onChange: (listener: (topic: Topic) => void): (() => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    registrationChanged: (next: Registered): void => {
      registered = next;
      tell('device');
      tell('link');
    },
    linkChanged: (): void => tell('link'),
    attach: (next: Attached): (() => void) => {
      attached = next;
      tell('device');
      tell('link');
      const unlisten = outbox.onAppended(() => {
        tell('device');
        tell('containers');
        tell('link');
        tell('events');
      });
      return () => {
        unlisten();
        attached = null;
      };
    },
  };
};

const containersOf = (attached: Attached | null) => {
  const observed = attached?.reconciler.containers() ?? [];
  return (attached?.reconciler.reported()?.containers ?? []).map((each) => {
    const running = observed.find(
      ({ labels: own, imageDigest }) =>
        own[labels.container] === each.name && imageDigest === each.imageDigest,
    );
    return { ...each, image: running?.labels[labels.image] ?? each.imageDigest };
  });
};

const deviceSnapshot = (registered: Registered, attached: Attached | null) => {
  const reported = attached?.reconciler.reported() ?? null;
  return {
    deviceId: registered.deviceId,
    name: registered.name,
    site: registered.site,
    fingerprint: registered.fingerprint,
    registration: registered.status,
    cloudUrl: registered.cloudUrl,
    agentVersion,
    hostname: hostname(),
    engine: attached?.engines.describe() ?? {
      kind: 'none' as const,
      version: '',
      reachable: false,
    },
    generation: attached?.reconciler.generation() ?? 0,
    waiting: attached?.removed() ?? waitingOf(registered, reported?.waiting ?? ''),
    slots: reported?.slots ?? [],
    hold: attached?.hold() ?? null,
    stale: attached?.stale() ?? null,
    refusedRecords: attached?.refusedRecords() ?? {},
  };
};

const waitingOf = (registered: Registered, waiting: string): string => {
  if (registered.status === 'approved') return waiting;
  const { fingerprint } = registered;
  return registered.status === 'pending'
    ? `Waiting for approval: an operator approves the device with the fingerprint ${fingerprint}.`
    : `An operator rejected this device${registered.reason === null ? '' : `: ${registered.reason}`}.`;
};

const linkSnapshot = (
  registered: Registered,
  attached: Attached | null,
  outbox: Outbox,
  startedAt: number,
) => {
  const { link, leaf } = attached ?? { link: null, leaf: null };
  return {
    state:
      registered.status === 'approved'
        ? (link?.state() ?? 'connecting')
        : ('waiting-for-approval' as const),
    via: link?.via() ?? null,
    through: link?.through() ?? null,
    since: link?.since() ?? startedAt,
    waiting: link?.waiting() ?? '',
    gateway: { role: leaf?.() != null, leaf: leaf?.()?.state() ?? null },
    site: attached?.site() ?? null,
    lanes: outbox.lanes.map((lane) => {
      const store = outbox.storeOf(lane);
      const { epoch, ackedAt, ackedSeq, lastSeq } = store.head(lane);
      const { rows, bytes, oldestAt } = store.backlog(lane);
      // Rows that are confirmed but not yet forgotten wait for the next group commit.
      const confirmed = Math.max(0, (link?.acked(lane) ?? ackedSeq) - ackedSeq);
      const left = lastSeq > ackedSeq + confirmed ? Math.max(0, rows - confirmed) : 0;
      return {
        lane,
        epoch,
        ackedSeq: ackedSeq + confirmed,
        lastSeq,
        backlogRows: left,
        backlogBytes: left === 0 ? 0 : bytes,
        oldestAt: left === 0 ? null : oldestAt,
        lastAcknowledgedAt: ackedAt,
      };
    }),
    lastHeartbeatAt: link?.lastHeartbeatAt() ?? null,
  };
};
