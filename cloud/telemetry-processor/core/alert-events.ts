/**
 * What is told of alerts: every transition is one domain event, in the transaction of the change.
 * Who delivers notifications, shows live views or calls a webhook builds on these and on nothing
 * else; the schema for reading them back is in ../alerts/event-schema.ts. Pure.
 */
export const alertTypes = [
  'device-offline',
  /** All devices of a site at once: its gateway or its link. */
  'site-offline',
  'device-unhealthy',
  'high-error-rate',
  'high-cpu',
  'high-memory',
  'low-disk',
  'low-battery',
  'high-temperature',
  'rollout-failed',
] as const;
export type AlertType = (typeof alertTypes)[number];

/** In rising order. */
export const alertSeverities = ['info', 'warning', 'critical'] as const;
export type AlertSeverity = (typeof alertSeverities)[number];

export const alertStatuses = ['active', 'acknowledged', 'resolved'] as const;
export type AlertStatus = (typeof alertStatuses)[number];

export const alertTransitions = ['raised', 'escalated', 'acknowledged', 'resolved'] as const;
export type AlertTransition = (typeof alertTransitions)[number];

export type AlertNews = {
  alertId: string;
  /** The rule's id: a built-in one is named like its type. */
  rule: string;
  ruleName: string;
  type: AlertType;
  severity: AlertSeverity;
  /** After the transition. */
  status: AlertStatus;
  /** One line, as a person at 3 a.m. needs it. */
  title: string;
  detail: string;
  /** Null: of no site, such as a rollout over several. */
  site: string | null;
  /** Null: of a site as a whole, or of a rollout. */
  deviceId: string | null;
  deviceName: string | null;
  rolloutId: string | null;
  deviceCount: number;
  /** When it happened, ISO 8601 in UTC. */
  at: string;
  /** A silence or a maintenance window covers it: recorded and shown, nobody is told. */
  silenced: boolean;
  /** Of the console, from its root. */
  link: string;
};

export type AlertEvent = {
  tenantId: string;
  type: `alert.${AlertTransition}`;
  subject: `signalbeam.alerts.${AlertTransition}`;
  data: AlertNews;
};

export const alertLink = (alertId: string): string => `/alerts/${alertId}`;

export const alertEvent = (
  tenantId: string,
  transition: AlertTransition,
  data: AlertNews,
): AlertEvent => ({
  tenantId,
  type: `alert.${transition}`,
  subject: `signalbeam.alerts.${transition}`,
  data,
});
