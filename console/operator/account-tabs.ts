/** Where one can go around accounts; the same strip over each of these pages. */
import type { TemplateResult } from 'lit';
import type { User } from '../data/types.ts';
import { strip } from '../ui/strip.ts';
import { pathTo } from './paths.ts';

const tabs = [
  { key: 'account', label: 'Your account', href: pathTo.account(), least: 'viewer' },
  { key: 'people', label: 'People', href: pathTo.people(), least: 'admin' },
  { key: 'programs', label: 'Service accounts', href: pathTo.programs(), least: 'admin' },
  { key: 'provider', label: 'Single sign-on', href: pathTo.provider(), least: 'admin' },
  { key: 'audit', label: 'Audit log', href: pathTo.audit(), least: 'operator' },
  { key: 'retention', label: 'Retention', href: pathTo.retention(), least: 'viewer' },
  { key: 'letters', label: 'Dead letters', href: pathTo.deadLetters(), least: 'admin' },
] as const;
const rank = { viewer: 0, operator: 1, admin: 2 };

/** What belongs to no site is for those who are not held to some. */
export const accountTabs = (user: User, present: (typeof tabs)[number]['key']): TemplateResult =>
  strip(
    'Accounts',
    tabs.filter(
      ({ key, least }) =>
        key === 'account' || (rank[user.role] >= rank[least] && user.sites === null),
    ),
    present,
  );
