/** What the cloud's REST answers about alerts, as the console reads it. */
import type { Instant } from './types.ts';

export const alertTypes = [
  'device-offline',
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
export type AlertSeverity = 'info' | 'warning' | 'critical';
export type AlertStatus = 'active' | 'acknowledged' | 'resolved';

export type Alert = {
  id: string;
  type: AlertType;
  ruleId: string;
  ruleName: string;
  severity: AlertSeverity;
  status: AlertStatus;
  title: string;
  detail: string;
  site: string | null;
  deviceId: string | null;
  deviceName: string | null;
  rolloutId: string | null;
  deviceCount: number;
  silenced: boolean;
  raisedAt: Instant;
  escalatesAt: Instant | null;
  acknowledgedAt: Instant | null;
  acknowledgedBy: string | null;
  resolvedAt: Instant | null;
  resolvedBy: string | null;
};
export type AlertDetail = Alert & {
  /** Which rule holds where several fit; null where it is about no single device. */
  why: string | null;
  history: {
    at: Instant;
    transition: 'raised' | 'escalated' | 'acknowledged' | 'resolved';
    severity: AlertSeverity;
    silenced: boolean;
    actor: string | null;
    note: string | null;
  }[];
};
/** As the API's list takes it; empty: all. */
export type AlertFilter = { status: string; severity: string; type: string; site: string };

export type AlertCounts = {
  active: number;
  acknowledged: number;
  stale: number;
  resolvedIn7Days: number;
};

export type AlertRule = {
  id: string;
  type: AlertType;
  name: string;
  enabled: boolean;
  severity: AlertSeverity;
  threshold: number | null;
  clearThreshold: number | null;
  forSeconds: number;
  clearSeconds: number;
  escalateAfterSeconds: number | null;
  /** At most one of these three; none: wherever no other rule of its type holds. */
  site: string | null;
  groupId: string | null;
  query: string | null;
  groupName: string | null;
  builtIn: boolean;
  changed: boolean;
  consequence: string;
};
export type AlertRuleFields = Omit<
  AlertRule,
  'id' | 'type' | 'groupName' | 'builtIn' | 'changed' | 'consequence'
>;

export type Weekly = { days: number[]; from: string; minutes: number; timeZone: string };
export type Silence = {
  id: string;
  reason: string;
  deviceId: string | null;
  site: string | null;
  groupId: string | null;
  tag: string | null;
  ruleId: string | null;
  startsAt: Instant;
  endsAt: Instant;
  weekly: Weekly | null;
  inForce: boolean;
  createdBy: string;
};
export type SilenceWish = {
  reason: string;
  endsAt: string;
  weekly: Weekly | null;
} & Partial<Record<'deviceId' | 'site' | 'tag' | 'ruleId', string>>;
