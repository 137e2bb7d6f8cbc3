/** Requests about alerts, their rules and silences. */
import type {
  Alert,
  AlertCounts,
  AlertDetail,
  AlertFilter,
  AlertRule,
  AlertRuleFields,
  AlertType,
  Silence,
  SilenceWish,
} from './alert-types.ts';
import { collect, pageSize, whole } from './lists.ts';
import type { Ask } from './request.ts';

const segment = encodeURIComponent;

export const alertsApi = (ask: Ask) => ({
  alerts: (filter: AlertFilter, cursor: string | null) => {
    const query = new URLSearchParams({ limit: String(pageSize) });
    for (const [name, value] of Object.entries(filter)) if (value !== '') query.set(name, value);
    if (cursor !== null) query.set('cursor', cursor);
    return ask<{ alerts: Alert[]; nextCursor: string | null }>('GET', `/api/alerts?${query}`);
  },
  alert: (id: string) => ask<AlertDetail>('GET', `/api/alerts/${segment(id)}`),
  alertCounts: () => ask<AlertCounts>('GET', '/api/alerts/statistics'),
  steerAlert: (id: string, verb: 'acknowledge' | 'resolve', note: string) =>
    ask<Alert>('POST', `/api/alerts/${segment(id)}/${verb}`, { note }),
  alertRules: () => whole<AlertRule>(ask, '/api/alert-rules', 'rules'),
  createAlertRule: (wish: { type: AlertType } & Partial<AlertRuleFields>) =>
    ask<AlertRule>('POST', '/api/alert-rules', wish),
  changeAlertRule: (read: AlertRule, change: Partial<AlertRuleFields>) =>
    ask<AlertRule>('PATCH', `/api/alert-rules/${segment(read.id)}`, change, {
      ...{ read, target: `alert-rule:${read.id}` },
    }),
  resetAlertRule: (id: string) => ask<AlertRule>('POST', `/api/alert-rules/${segment(id)}/reset`),
  removeAlertRule: (id: string) => ask<null>('DELETE', `/api/alert-rules/${segment(id)}`),
  silences: () => collect<Silence>(ask, '/api/alert-silences', 'silences'),
  createSilence: (wish: SilenceWish) => ask<Silence>('POST', '/api/alert-silences', wish),
  endSilence: (id: string) => ask<null>('DELETE', `/api/alert-silences/${segment(id)}`),
});
