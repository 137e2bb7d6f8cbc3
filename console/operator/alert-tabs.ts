/** Where one can go around alerts, and how an alert is shown wherever it is. */
import { nameOfActor } from '@signalbeam/sync/core/actor';
import type { TemplateResult } from 'lit';
import type { Alert } from '../data/alert-types.ts';
import type { Mark } from '../ui/glyph.ts';
import { strip } from '../ui/strip.ts';
import { pathTo } from './paths.ts';

const tabs = [
  { key: 'alerts', label: 'Alerts', href: pathTo.alerts() },
  { key: 'rules', label: 'Rules', href: pathTo.alertRules() },
  { key: 'silences', label: 'Silences', href: pathTo.silences() },
  { key: 'notifications', label: 'Notifications', href: pathTo.notifications() },
] as const;

export const alertTabs = (present: (typeof tabs)[number]['key']): TemplateResult =>
  strip('About alerts', tabs, present);

export const severityOf = ({ severity, status }: Pick<Alert, 'severity' | 'status'>): Mark => {
  if (status === 'resolved') return { shape: 'tick', tone: 'idle', word: 'Resolved' };
  if (severity === 'critical') return { shape: 'triangle', tone: 'bad', word: 'Critical' };
  if (severity === 'warning') return { shape: 'diamond', tone: 'warn', word: 'Warning' };
  return { shape: 'ring', tone: 'info', word: 'Information' };
};

export const personOf = (actor: string | null): string =>
  actor === null ? 'by itself' : `by ${nameOfActor(actor)}`;

export const typeWords: Readonly<Record<string, string>> = {
  'device-offline': 'Device offline',
  'site-offline': 'Site offline',
  'device-unhealthy': 'Device unhealthy',
  'high-error-rate': 'Many errors',
  'high-cpu': 'Processor busy',
  'high-memory': 'Memory nearly full',
  'low-disk': 'Disk nearly full',
  'low-battery': 'Battery low',
  'high-temperature': 'Device hot',
  'rollout-failed': 'Rollout failed',
};
