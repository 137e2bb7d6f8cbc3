/**
 * What channels are told: an alert and what happened to it, any other domain event, or a test. And
 * which of it a channel hears. Says nothing of how it is worded (./wording.ts) or sent.
 */
import type { AlertSeverity, AlertTransition } from './alert-events.ts';

export const channelKinds = ['email', 'slack', 'teams', 'pagerduty', 'webhook'] as const;
export type ChannelKind = (typeof channelKinds)[number];

export type Severity = AlertSeverity;
export type Happening = AlertTransition;

export type AboutAlert = {
  kind: 'alert';
  happening: Happening;
  alertId: string;
  ruleName: string;
  /** `DeviceOffline`, … */
  alertType: string;
  severity: Severity;
  title: string;
  detail: string;
  site: string | null;
  deviceId: string | null;
  deviceName: string | null;
  rolloutId: string | null;
  deviceCount: number;
  silenced: boolean;
  /** A path of the console. */
  link: string;
};
export type AboutEvent = {
  kind: 'event';
  /** Short facts in the order they are shown. */
  facts: [name: string, value: string][];
  link: string | null;
};
export type AboutTest = { kind: 'test'; by: string };

export type Notice = {
  /** Of the domain event: what makes a repeat known, here and to who receives it. */
  id: string;
  /** `alert.raised`, `rollout.completed`, … */
  type: string;
  /** Of the data; notices that were queued by an older cloud leave it out. */
  version?: number | undefined;
  /** ISO 8601 in UTC, and the same as epoch ms. */
  occurredAt: string;
  occurredAtMs: number;
  about: AboutAlert | AboutEvent | AboutTest;
  /** The event's own data, for programs; null when it was too large to be kept. */
  data: unknown;
};

/** What a channel hears. */
export type Hears = {
  alerts: {
    severities: readonly Severity[];
    happenings: readonly Happening[];
    /** Of these sites only; null: of all, and of what belongs to none. */
    sites: readonly string[] | null;
  } | null;
  /** Types of other events: `rollout.completed`, `rollout.*`, `*`. */
  events: readonly string[];
};

const matchesType = (type: string, pattern: string): boolean =>
  pattern === '*' ||
  pattern === type ||
  (pattern.endsWith('.*') && type.startsWith(pattern.slice(0, -1)));

/** Whether one of these patterns names this type of event. */
export const mayBeHeard = (patterns: readonly string[], type: string): boolean =>
  patterns.some((pattern) => matchesType(type, pattern));

export const isHeard = (hears: Hears, { type, about }: Notice): boolean => {
  switch (about.kind) {
    case 'test':
      return true;
    case 'event':
      return mayBeHeard(hears.events, type);
    case 'alert': {
      const { alerts } = hears;
      if (alerts === null || !alerts.happenings.includes(about.happening)) return false;
      if (!alerts.severities.includes(about.severity)) return false;
      return alerts.sites === null || (about.site !== null && alerts.sites.includes(about.site));
    }
  }
};
