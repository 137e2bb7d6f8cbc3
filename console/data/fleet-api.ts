/** The cloud's REST in the console's words: one function per request, the only maker of API paths. */
import { alertsApi } from './alerts-api.ts';
import type { Basis } from './basis.ts';
import { bundlesApi } from './bundles-api.ts';
import type { DeviceChoice, FleetSort } from './fleet-filter.ts';
import { imagesApi } from './images-api.ts';
import { collect, pageSize, whole } from './lists.ts';
import { notificationApi } from './notification-api.ts';
import { peopleApi } from './people-api.ts';
import type { Ask } from './request.ts';
import type {
  Rollout,
  RolloutDevice,
  RolloutFailure,
  RolloutPreview,
  RolloutSettings,
  RolloutVerb,
  RolloutWish,
} from './rollout-types.ts';
import { telemetryApi } from './telemetry-api.ts';
import type {
  Activity,
  ApiKey,
  Authentication,
  BulkAction,
  BulkResult,
  Certificate,
  DesiredState,
  Device,
  DeviceEvent,
  DeviceHealth,
  Group,
  GroupMember,
  MetricSeries,
  Quotas,
  RegistrationToken,
  Reported,
  Site,
  SiteGrant,
  SiteWindow,
  Suggested,
  TagCount,
  User,
} from './types.ts';

const segment = encodeURIComponent;
const queryOf = (given: Record<string, string | number>): string => {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(given)) {
    if (value !== '') query.set(name, String(value));
  }
  return query.toString();
};

const basisOf = (read: Device): Basis => ({ read, target: `device:${read.id}` });

const devicesApi = (ask: Ask) => ({
  devicePage: (choice: DeviceChoice, cursor: string | null, sort: FleetSort = 'name') =>
    ask<{ devices: Device[]; nextCursor: string | null }>(
      'GET',
      `/api/devices?${queryOf({ ...choice, sort, limit: pageSize, cursor: cursor ?? '' })}`,
    ),
  countDevices: async (choice: DeviceChoice) =>
    (await ask<{ devices: number }>('GET', `/api/devices/count?${queryOf(choice)}`)).devices,
  changeTags: (id: string, set: string[], unset: string[]) =>
    ask<Device>('PATCH', `/api/devices/${segment(id)}/tags`, { set, unset }),
  groupsOf: async (id: string) =>
    (
      await ask<{ groups: { id: string; name: string }[] }>(
        'GET',
        `/api/devices/${segment(id)}/groups`,
      )
    ).groups,
  activity: async (id: string) =>
    (await ask<{ activity: Activity[] }>('GET', `/api/devices/${segment(id)}/activity?limit=50`))
      .activity,
  bulk: (devices: DeviceChoice | { ids: string[] }, action: BulkAction, cursor: string | null) =>
    ask<{ results: BulkResult[]; nextCursor: string | null }>('POST', '/api/devices/bulk', {
      devices,
      action,
      ...(cursor === null ? {} : { cursor }),
    }),
  approvedDevices: () => collect<Device>(ask, '/api/devices?status=approved', 'devices'),
  device: (id: string) => ask<Device>('GET', `/api/devices/${segment(id)}`),
  rename: (device: Device, name: string) =>
    ask<Device>('PATCH', `/api/devices/${segment(device.id)}`, { name }, basisOf(device)),
  move: (id: string, site: string) => ask<Device>('PATCH', `/api/devices/${segment(id)}`, { site }),
  pendingDevices: () => collect<Device>(ask, '/api/devices?status=pending', 'devices'),
  replace: (id: string, by: string) =>
    ask<Device>('POST', `/api/devices/${segment(id)}/replace`, { by }),
  decommission: (id: string, wipe: 'data' | 'workloads') =>
    ask<null>('POST', `/api/devices/${segment(id)}/decommission`, { wipe }),
  remove: (id: string) => ask<null>('DELETE', `/api/devices/${segment(id)}`),
  approve: (id: string) => ask<Device>('POST', `/api/devices/${segment(id)}/approve`),
  reject: (id: string, reason: string) =>
    ask<Device>(
      'POST',
      `/api/devices/${segment(id)}/reject`,
      reason.trim() === '' ? {} : { reason: reason.trim() },
    ),
  reported: (id: string) => ask<Reported>('GET', `/api/devices/${segment(id)}/reported`),
  desired: (id: string) => ask<DesiredState>('GET', `/api/devices/${segment(id)}/desired-state`),
  metrics: (id: string, from: number, to: number) =>
    ask<MetricSeries>(
      'GET',
      `/api/devices/${segment(id)}/metrics?from=${segment(new Date(from).toISOString())}&to=${segment(new Date(to).toISOString())}&maxPoints=300`,
    ),
  health: (id: string) => ask<DeviceHealth>('GET', `/api/devices/${segment(id)}/health`),
  events: async (id: string) =>
    (await ask<{ events: DeviceEvent[] }>('GET', `/api/devices/${segment(id)}/events?limit=100`))
      .events,
  deploy: (id: string, bundleId: string, version: string, allowDeprecated: boolean) =>
    ask<unknown>('POST', `/api/devices/${segment(id)}/bundle`, {
      bundleId,
      version,
      allowDeprecated,
    }),
  withdraw: (id: string, bundleId: string) =>
    ask<unknown>('DELETE', `/api/devices/${segment(id)}/bundle/${segment(bundleId)}`),
});

const credentialsApi = (ask: Ask) => {
  const of = (id: string) => `/api/devices/${segment(id)}`;
  return {
    apiKeys: (id: string) => whole<ApiKey>(ask, `${of(id)}/api-keys`, 'apiKeys'),
    createApiKey: (id: string) =>
      ask<ApiKey & { apiKey: string }>('POST', `${of(id)}/api-keys`, {}),
    revokeApiKey: (id: string, keyId: string) =>
      ask<null>('DELETE', `${of(id)}/api-keys/${segment(keyId)}`),
    certificates: (id: string) => whole<Certificate>(ask, `${of(id)}/certificates`, 'certificates'),
    revokeCertificate: (id: string, serial: string) =>
      ask<null>('DELETE', `${of(id)}/certificates/${segment(serial)}`),
    authentications: (id: string, cursor: string | null) =>
      ask<{ authentications: Authentication[]; nextCursor: string | null }>(
        'GET',
        `${of(id)}/authentications?${queryOf({ limit: 20, cursor: cursor ?? '' })}`,
      ),
    annotate: (device: Device, metadata: Record<string, string>) =>
      ask<Device>('PATCH', of(device.id), { metadata }, basisOf(device)),
  };
};

const groupsApi = (ask: Ask) => ({
  groups: () => collect<Group>(ask, '/api/groups', 'groups'),
  group: (id: string) => ask<Group>('GET', `/api/groups/${segment(id)}`),
  members: (id: string) =>
    collect<GroupMember>(ask, `/api/groups/${segment(id)}/members`, 'members'),
  createGroup: (group: { name: string; description: string; query?: string }) =>
    ask<Group>('POST', '/api/groups', group),
  changeGroup: (read: Group, change: { name?: string; description?: string; query?: string }) =>
    ask<Group>('PATCH', `/api/groups/${segment(read.id)}`, change, {
      ...{ read, target: `group:${read.id}` },
    }),
  removeGroup: (id: string) => ask<null>('DELETE', `/api/groups/${segment(id)}`),
  tagCounts: () => collect<TagCount>(ask, '/api/tags', 'tags'),
  suggest: (query: string, at: number) =>
    ask<Suggested>('GET', `/api/tags/suggestions?${queryOf({ query, at })}`),
});

const sitesApi = (ask: Ask) => ({
  quotas: () => ask<Quotas>('GET', '/api/quotas'),
  sites: () => collect<Site>(ask, '/api/sites', 'sites'),
  createSite: (name: string, title: string) => ask<Site>('POST', '/api/sites', { name, title }),
  retitleSite: (read: Site, title: string) =>
    ask<Site>(
      'PATCH',
      `/api/sites/${segment(read.name)}`,
      { title },
      {
        ...{ read, target: `site:${read.name}` },
      },
    ),
  setSiteWindows: (read: Site, windows: readonly SiteWindow[]) =>
    ask<Site>(
      'PUT',
      `/api/sites/${segment(read.name)}/windows`,
      { windows },
      {
        ...{ read, target: `site:${read.name}` },
      },
    ),
  siteGrants: (name: string) =>
    collect<SiteGrant>(ask, `/api/sites/${segment(name)}/grants`, 'grants'),
  issueGrant: (name: string, grant: { holder: string; validityHours: number }) =>
    ask<SiteGrant & { token: string }>('POST', `/api/sites/${segment(name)}/grants`, grant),
  revokeGrant: (name: string, id: string) =>
    ask<null>('DELETE', `/api/sites/${segment(name)}/grants/${segment(id)}`),
  removeSite: (name: string) => ask<null>('DELETE', `/api/sites/${segment(name)}`),
});

const rolloutsApi = (ask: Ask) => ({
  rollouts: () => collect<Rollout>(ask, '/api/rollouts', 'rollouts'),
  rollout: (id: string) => ask<Rollout>('GET', `/api/rollouts/${segment(id)}`),
  rolloutDevices: (id: string) =>
    collect<RolloutDevice>(ask, `/api/rollouts/${segment(id)}/devices`, 'devices'),
  rolloutFailures: (id: string) =>
    whole<RolloutFailure>(ask, `/api/rollouts/${segment(id)}/failures`, 'failures'),
  rolloutSettings: () => ask<RolloutSettings>('GET', '/api/rollout-settings'),
  changeRolloutSettings: (settings: RolloutSettings) =>
    ask<RolloutSettings>('PATCH', '/api/rollout-settings', settings),
  startRollout: (wish: RolloutWish) => ask<Rollout>('POST', '/api/rollouts', wish),
  previewRollout: (wish: RolloutWish) => ask<RolloutPreview>('POST', '/api/rollouts/preview', wish),
  /** `wave`: which one the word is about, where it is about one. */
  steerRollout: (id: string, verb: RolloutVerb, wave: number | null) =>
    ask<Rollout>(
      'POST',
      `/api/rollouts/${segment(id)}/${verb}${wave !== null && (verb === 'approve' || verb === 'advance') ? `?wave=${wave}` : ''}`,
    ),
  /** `reason` null: it waits for the windows of sites again. */
  ignoreSiteWindows: (id: string, reason: string | null) =>
    reason === null
      ? ask<Rollout>('POST', `/api/rollouts/${segment(id)}/heed-site-windows`)
      : ask<Rollout>('POST', `/api/rollouts/${segment(id)}/ignore-site-windows`, { reason }),
});

const accountApi = (ask: Ask) => ({
  me: async () => {
    const answer = await ask<User | { user: User }>('GET', '/api/auth/me');
    return 'user' in answer ? answer.user : answer;
  },
  signIn: async (given: { email: string; password: string; code?: string }) =>
    (await ask<{ user: User }>('POST', '/api/auth/login', given)).user,
  signOut: () => ask<null>('POST', '/api/auth/logout'),
  tokens: () => collect<RegistrationToken>(ask, '/api/registration-tokens', 'registrationTokens'),
  revokeToken: (id: string) => ask<null>('DELETE', `/api/registration-tokens/${segment(id)}`),
  createToken: (body: {
    site: string;
    maxUses: number;
    validityDays: number;
    autoApprove: boolean;
    description?: string;
    group?: string;
    tags?: string[];
  }) => ask<RegistrationToken>('POST', '/api/registration-tokens', body),
});

export const createFleetApi = (ask: Ask) => ({
  ...accountApi(ask),
  ...peopleApi(ask),
  ...notificationApi(ask),
  ...telemetryApi(ask),
  ...devicesApi(ask),
  ...credentialsApi(ask),
  ...groupsApi(ask),
  ...sitesApi(ask),
  ...bundlesApi(ask),
  ...imagesApi(ask),
  ...rolloutsApi(ask),
  ...alertsApi(ask),
});
export type FleetApi = ReturnType<typeof createFleetApi>;
