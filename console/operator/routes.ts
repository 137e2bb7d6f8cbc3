/** The pages by address. Each is loaded when it is first visited. */
import { matchPath, type Params } from '../ui/match.ts';

export type Route = {
  pattern: string;
  title: string;
  /** Which entry of the navigation it belongs to. */
  section:
    | 'fleet'
    | 'groups'
    | 'sites'
    | 'tokens'
    | 'bundles'
    | 'rollouts'
    | 'alerts'
    | 'account'
    | 'none';
  tag: string;
  load: () => Promise<unknown>;
};

export const routes: readonly Route[] = [
  {
    pattern: '/',
    title: 'Fleet',
    section: 'fleet',
    tag: 'fleet-page',
    load: () => import('./fleet-page.ts'),
  },
  {
    pattern: '/devices/:id',
    title: 'Device',
    section: 'fleet',
    tag: 'device-page',
    load: () => import('./device-page.ts'),
  },
  {
    pattern: '/devices/:id/logs',
    title: 'Logs',
    section: 'fleet',
    tag: 'logs-page',
    load: () => import('./logs-page.ts'),
  },
  {
    pattern: '/charts',
    title: 'Charts',
    section: 'fleet',
    tag: 'charts-page',
    load: () => import('./charts-page.ts'),
  },
  {
    pattern: '/groups',
    title: 'Groups',
    section: 'groups',
    tag: 'groups-page',
    load: () => import('./groups-page.ts'),
  },
  {
    pattern: '/groups/:id',
    title: 'Group',
    section: 'groups',
    tag: 'group-page',
    load: () => import('./group-page.ts'),
  },
  {
    pattern: '/sites',
    title: 'Sites',
    section: 'sites',
    tag: 'sites-page',
    load: () => import('./sites-page.ts'),
  },
  {
    pattern: '/tokens',
    title: 'Registration tokens',
    section: 'tokens',
    tag: 'tokens-page',
    load: () => import('./tokens-page.ts'),
  },
  {
    pattern: '/notifications',
    title: 'Notifications',
    section: 'alerts',
    tag: 'notifications-page',
    load: () => import('./notifications-page.ts'),
  },
  {
    pattern: '/account',
    title: 'Your account',
    section: 'account',
    tag: 'account-page',
    load: () => import('./account-page.ts'),
  },
  {
    pattern: '/people',
    title: 'People',
    section: 'account',
    tag: 'people-page',
    load: () => import('./people-page.ts'),
  },
  {
    pattern: '/service-accounts',
    title: 'Service accounts',
    section: 'account',
    tag: 'programs-page',
    load: () => import('./programs-page.ts'),
  },
  {
    pattern: '/single-sign-on',
    title: 'Single sign-on',
    section: 'account',
    tag: 'provider-page',
    load: () => import('./provider-page.ts'),
  },
  {
    pattern: '/audit',
    title: 'Audit log',
    section: 'account',
    tag: 'audit-page',
    load: () => import('./audit-page.ts'),
  },
  {
    pattern: '/retention',
    title: 'Retention',
    section: 'account',
    tag: 'retention-page',
    load: () => import('./retention-page.ts'),
  },
  {
    pattern: '/dead-letters',
    title: 'Dead letters',
    section: 'account',
    tag: 'dead-letters-page',
    load: () => import('./dead-letters-page.ts'),
  },
  {
    pattern: '/labels',
    title: 'Labels',
    section: 'fleet',
    tag: 'labels-page',
    load: () => import('./labels-page.ts'),
  },
  {
    pattern: '/bundles',
    title: 'Bundles',
    section: 'bundles',
    tag: 'bundles-page',
    load: () => import('./bundles-page.ts'),
  },
  {
    pattern: '/bundle-policy',
    title: 'Bundle policy',
    section: 'bundles',
    tag: 'policy-page',
    load: () => import('./policy-page.ts'),
  },
  {
    pattern: '/secrets',
    title: 'Secrets',
    section: 'bundles',
    tag: 'secrets-page',
    load: () => import('./secrets-page.ts'),
  },
  {
    pattern: '/images',
    title: 'Images',
    section: 'bundles',
    tag: 'images-page',
    load: () => import('./images-page.ts'),
  },
  {
    pattern: '/bundles/:id',
    title: 'Bundle',
    section: 'bundles',
    tag: 'bundle-page',
    load: () => import('./bundle-page.ts'),
  },
  {
    pattern: '/bundles/:id/compare',
    title: 'Compare versions',
    section: 'bundles',
    tag: 'compare-page',
    load: () => import('./compare-page.ts'),
  },
  {
    pattern: '/bundles/:id/new-version',
    title: 'New version',
    section: 'bundles',
    tag: 'version-page',
    load: () => import('./version-page.ts'),
  },
  {
    pattern: '/alerts',
    title: 'Alerts',
    section: 'alerts',
    tag: 'alerts-page',
    load: () => import('./alerts-page.ts'),
  },
  {
    pattern: '/alerts/:id',
    title: 'Alert',
    section: 'alerts',
    tag: 'alert-page',
    load: () => import('./alert-page.ts'),
  },
  {
    pattern: '/alert-rules',
    title: 'Rules of alerts',
    section: 'alerts',
    tag: 'alert-rules-page',
    load: () => import('./alert-rules-page.ts'),
  },
  {
    pattern: '/silences',
    title: 'Silences',
    section: 'alerts',
    tag: 'silences-page',
    load: () => import('./silences-page.ts'),
  },
  {
    pattern: '/rollouts',
    title: 'Rollouts',
    section: 'rollouts',
    tag: 'rollouts-page',
    load: () => import('./rollouts-page.ts'),
  },
  {
    pattern: '/rollouts/new',
    title: 'New rollout',
    section: 'rollouts',
    tag: 'new-rollout-page',
    load: () => import('./new-rollout-page.ts'),
  },
  {
    pattern: '/rollouts/:id',
    title: 'Rollout',
    section: 'rollouts',
    tag: 'rollout-page',
    load: () => import('./rollout-page.ts'),
  },
];

export const routeOf = (path: string): { route: Route; params: Params } | null => {
  for (const route of routes) {
    const params = matchPath(route.pattern, path);
    if (params !== null) return { route, params };
  }
  return null;
};
