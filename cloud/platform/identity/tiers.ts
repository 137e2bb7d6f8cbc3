/**
 * What a tenant's tier allows: the one place that names these limits. Who makes something that is
 * limited asks here; null is no limit.
 */
export const tiers = ['free', 'paid'] as const;
export type Tier = (typeof tiers)[number];

export type TierLimits = {
  /** Devices that are registered: waiting or approved. */
  devices: number | null;
  /** People and service accounts who can sign in. */
  users: number | null;
  sites: number | null;
  /** Registration tokens that still let devices in. */
  registrationTokens: number | null;
  groups: number | null;
  bundles: number | null;
  /** How long metrics are kept. */
  metricsKeptDays: number;
};

export const tierLimits: Record<Tier, TierLimits> = {
  free: {
    ...{ devices: 5, users: 3, sites: 1 },
    ...{ registrationTokens: 5, groups: 5, bundles: 5 },
    metricsKeptDays: 7,
  },
  paid: {
    ...{ devices: null, users: null, sites: null },
    ...{ registrationTokens: null, groups: null, bundles: null },
    metricsKeptDays: 90,
  },
};

export type QuotaName = Exclude<keyof TierLimits, 'metricsKeptDays'>;
export const quotaNames = [
  'devices',
  'sites',
  'users',
  'registrationTokens',
  'groups',
  'bundles',
] as const satisfies readonly QuotaName[];
