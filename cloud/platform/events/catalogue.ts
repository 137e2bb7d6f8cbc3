/**
 * Every type of domain event that there is: what is recorded is held to it, what is read is parsed by
 * it, and docs/events.md is made of it. Whoever records a type that is not here, under another subject,
 * or with data that is not as it says, has a bug.
 */
import { describeIssues } from '@signalbeam/sync/wire/shape';
import { z } from 'zod';
import type { EventDefinition } from './define.ts';
import { alertEvents } from './known-alerts.ts';
import { bundleEvents } from './known-bundles.ts';
import { auditedChanges, tenantEvents } from './known-changes.ts';
import { deviceEvents } from './known-devices.ts';
import { matchesSubject } from './subject.ts';

type Audited = (typeof auditedChanges)[keyof typeof auditedChanges]['type'];
export type EventType =
  | keyof typeof deviceEvents
  | keyof typeof bundleEvents
  | keyof typeof alertEvents
  | keyof typeof tenantEvents
  | Audited;

/** In the order in which docs/events.md tells of them. */
export const families: readonly { title: string; events: Record<string, EventDefinition> }[] = [
  { title: 'Devices', events: deviceEvents },
  { title: 'Bundles and rollouts', events: bundleEvents },
  { title: 'Alerts', events: alertEvents },
  { title: 'Tenants', events: tenantEvents },
];

/** Those that say who changed what, and no more. */
export const changes: Record<string, EventDefinition> = Object.fromEntries(
  Object.values(auditedChanges).map(({ type, ...definition }) => [type, definition]),
);

const known = new Map<string, EventDefinition>(
  [...families.map(({ events }) => events), changes].flatMap((events) => Object.entries(events)),
);
/** As they are recorded: nothing that is not described. */
const exact = new Map([...known].map(([type, { data }]) => [type, z.strictObject(data.shape)]));

export const eventTypes = (): string[] => [...known.keys()];

/** Throws unless it is one of the catalogue. Answers the version of its data. */
export const checkEvent = (event: { type: string; subject: string; data: unknown }): number => {
  const { type, subject, data } = event;
  const definition = known.get(type);
  if (definition === undefined) throw new Error(`no domain event is called ${type}`);
  if (!matchesSubject(subject, definition.subject)) {
    throw new Error(`${type} is told under ${definition.subject}, not under ${subject}`);
  }
  const parsed = exact.get(type)?.safeParse(data);
  if (parsed?.success === false) {
    throw new Error(`${type} is not as its schema says: ${describeIssues(parsed.error.issues)}`);
  }
  return definition.version;
};

export type ReadEvent =
  | { kind: 'read' }
  /** Of a newer publisher: its data has a meaning that nobody here knows. */
  | { kind: 'newer'; reason: string }
  | { kind: 'refused'; reason: string };

/**
 * Whether a consumer can be given it. A type that is not known is left to it as it is (it may not
 * care), and so are fields that a newer publisher added.
 */
export const readEvent = (event: { type: string; version: number; data: unknown }): ReadEvent => {
  const { type, version } = event;
  const definition = known.get(type);
  if (definition === undefined) return { kind: 'read' };
  if (version > definition.version) {
    const reason = `${type} comes in version ${version}; ${definition.version} is understood`;
    return { kind: 'newer', reason };
  }
  const parsed = definition.data.safeParse(event.data);
  if (parsed.success) return { kind: 'read' };
  return { kind: 'refused', reason: `${type}: ${describeIssues(parsed.error.issues)}` };
};
