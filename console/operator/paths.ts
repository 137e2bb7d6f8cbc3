/** The only maker of addresses inside the console. */
export const pathTo = {
  fleet: () => '/',
  device: (id: string) => `/devices/${encodeURIComponent(id)}`,
  logs: (id: string, bundle: string, container: string) =>
    `/devices/${encodeURIComponent(id)}/logs?${new URLSearchParams({ bundle, container })}`,
  /** Of a `site` or a `group`, and what else is chosen there. */
  charts: (chosen: Record<string, string>) => `/charts?${new URLSearchParams(chosen)}`,
  groups: () => '/groups',
  group: (id: string) => `/groups/${encodeURIComponent(id)}`,
  sites: () => '/sites',
  fleetBySite: (site: string) => `/?site=${encodeURIComponent(site)}`,
  tokens: () => '/tokens',
  notifications: () => '/notifications',
  account: () => '/account',
  people: () => '/people',
  programs: () => '/service-accounts',
  provider: () => '/single-sign-on',
  audit: () => '/audit',
  auditOf: (of: Record<string, string>) => `/audit?${new URLSearchParams(of)}`,
  retention: () => '/retention',
  deadLetters: () => '/dead-letters',
  /** `chosen` is a query as the API's list takes it. */
  labels: (chosen: string) => `/labels?${chosen}`,
  fleetByQuery: (query: string) => `/?query=${encodeURIComponent(query)}`,
  bundles: () => '/bundles',
  compareVersions: (id: string, to: string) =>
    `/bundles/${encodeURIComponent(id)}/compare?to=${encodeURIComponent(to)}`,
  policy: () => '/bundle-policy',
  secrets: () => '/secrets',
  images: () => '/images',
  bundle: (id: string) => `/bundles/${encodeURIComponent(id)}`,
  newVersion: (id: string, from = '') =>
    `/bundles/${encodeURIComponent(id)}/new-version${from === '' ? '' : `?from=${encodeURIComponent(from)}`}`,
  alerts: () => '/alerts',
  alert: (id: string) => `/alerts/${encodeURIComponent(id)}`,
  alertRules: () => '/alert-rules',
  silences: () => '/silences',
  newSilence: (of: Record<string, string>) => `/silences?${new URLSearchParams(of)}`,
  rollouts: () => '/rollouts',
  rollout: (id: string) => `/rollouts/${encodeURIComponent(id)}`,
  newRollout: (bundleId = '', version = '') => {
    const query = new URLSearchParams();
    if (bundleId !== '') query.set('bundle', bundleId);
    if (version !== '') query.set('version', version);
    return query.size === 0 ? '/rollouts/new' : `/rollouts/new?${query}`;
  },
};
