/** For every operation of the API, the request that it is meant for; and who may ask without a credential. */
import { exampleRequest } from '@signalbeam/device-manager/api/certificates';
import { makeDevice } from '@signalbeam/device-manager/rig.suite';
import type { Tenant } from './two-tenants.suite.ts';
import { password } from './two-tenants.suite.ts';

export type Call = { path: string; by: 'user' | 'device' | 'nobody'; body?: unknown };

/** For every operation, the request it is meant for: what reads first, what takes away last. */
export const callsOf = (tenant: Tenant): Record<string, Call> => {
  const {
    bundle,
    other,
    rollout,
    waved,
    apiKey,
    user,
    containers,
    group,
    dynamic,
    spareBundle: spare,
  } = tenant;
  const { deviceId } = tenant.device;
  const device = `/api/devices/${deviceId}`;
  const channel = `/api/notification-channels/${tenant.channel.id}`;
  const service = `/api/service-accounts/${tenant.service.id}`;
  const letters = '/api/telemetry/dead-letters';
  const inBundle = `/api/bundles/${bundle.id}`;
  const unsent = `sha256:${'e'.repeat(64)}`;
  const read = (path: string): Call => ({ path, by: 'user' });
  const post = (path: string, body?: unknown): Call => ({ path, by: 'user', body });
  const wish = { bundleId: other.id, version: '1.0.0' };
  const fresh = `${tenant.name}-${Date.now()}`;
  return {
    'post /api/auth/login': {
      ...post('/api/auth/login', { email: tenant.email, password }),
      by: 'nobody',
    },
    'post /api/auth/refresh': {
      ...post('/api/auth/refresh', { refreshToken: tenant.refreshToken }),
      by: 'nobody',
    },
    'post /api/auth/invitation': {
      ...post('/api/auth/invitation', {
        secret: tenant.invitation.secret,
        name: 'Grace',
        password,
      }),
      by: 'nobody',
    },
    'post /api/auth/sign-up': {
      ...post('/api/auth/sign-up', { email: `own@${fresh}.example` }),
      by: 'nobody',
    },
    'post /api/auth/sign-up/confirmation': {
      ...post('/api/auth/sign-up/confirmation', {
        ...{ secret: tenant.signUp, tenantName: `own-${fresh}`, name: 'Ida', password },
      }),
      by: 'nobody',
    },
    'get /api/auth/providers': { path: '/api/auth/providers', by: 'nobody' },
    'get /api/auth/oidc': { path: `/api/auth/oidc?tenant=${tenant.tenantId}`, by: 'nobody' },
    'get /api/auth/oidc/callback': { path: '/api/auth/oidc/callback', by: 'nobody' },
    'get /api/auth/me': read('/api/auth/me'),
    'get /api/auth/sessions': read('/api/auth/sessions'),
    'delete /api/auth/sessions/{id}': read(`/api/auth/sessions/${tenant.spareSession}`),
    'post /api/auth/totp': post('/api/auth/totp', { password }),
    'post /api/auth/totp/confirmation': post('/api/auth/totp/confirmation', { code: '123456' }),
    'post /api/auth/totp/removal': post('/api/auth/totp/removal', { password }),
    'get /api/users/invitations': read('/api/users/invitations'),
    'post /api/users/invitations': post('/api/users/invitations', {
      ...{ email: `new@${fresh}.example`, role: 'viewer', sites: ['plant-7'] },
    }),
    'delete /api/users/invitations/{id}': read(`/api/users/invitations/${tenant.withdrawn.id}`),
    'get /api/service-accounts': read('/api/service-accounts'),
    'post /api/service-accounts': post('/api/service-accounts', {
      ...{ name: `ci-${fresh}`, role: 'viewer' },
    }),
    'post /api/service-accounts/{id}/tokens': post(`${service}/tokens`, { validityDays: 3 }),
    'delete /api/service-accounts/{id}/tokens/{tokenId}': read(
      `${service}/tokens/${tenant.serviceToken.id}`,
    ),
    'delete /api/service-accounts/{id}': read(`/api/service-accounts/${tenant.doomed.id}`),
    'put /api/identity-provider': post('/api/identity-provider', {
      ...{ name: 'Works', issuer: 'https://login.example.org', clientId: 'signalbeam' },
    }),
    'post /api/identity-provider/check': post('/api/identity-provider/check', {
      issuer: 'https://localhost:1',
    }),
    'get /api/identity-provider': read('/api/identity-provider'),
    'delete /api/identity-provider': read('/api/identity-provider'),
    'get /api/users': read('/api/users'),
    'get /api/quotas': read('/api/quotas'),
    'post /api/users': post('/api/users', {
      ...{ email: `bob@${fresh}.example`, name: 'Bob', role: 'operator', password },
    }),
    'patch /api/users/{id}': post(`/api/users/${user.id}`, { name: 'Ada L.', disabled: true }),
    'delete /api/users/{id}/totp': read(`/api/users/${user.id}/totp`),
    'delete /api/users/{id}': read(`/api/users/${tenant.leaver.id}`),
    'get /api/registration-tokens': read('/api/registration-tokens'),
    'post /api/registration-tokens': post('/api/registration-tokens', { site: 'plant-7' }),
    'post /api/devices': {
      ...post('/api/devices', makeDevice().registration(tenant.registration.token)),
      by: 'nobody',
    },
    'get /api/devices': read('/api/devices'),
    'get /api/devices/count': read('/api/devices/count'),
    'post /api/devices/bulk': post('/api/devices/bulk', {
      devices: { ids: [deviceId] },
      action: { kind: 'join', group: group.id },
    }),
    'get /api/devices/{id}': read(device),
    'patch /api/devices/{id}/tags': post(`${device}/tags`, { set: [`of=${tenant.name}`] }),
    'get /api/devices/{id}/groups': read(`${device}/groups`),
    'get /api/devices/{id}/activity': read(`${device}/activity`),
    'get /api/sites': read('/api/sites'),
    'post /api/sites': post('/api/sites', { name: `s-${fresh}`, title: 'A site' }),
    'patch /api/sites/{name}': post(`/api/sites/${tenant.site}`, { title: 'Empty' }),
    'put /api/sites/{name}/windows': post(`/api/sites/${tenant.site}/windows`, {
      windows: [{ cron: '0 2 * * SAT', minutes: 60 }],
    }),
    'delete /api/sites/{name}': read(`/api/sites/${tenant.site}`),
    'get /api/sites/{name}/grants': read(`/api/sites/${tenant.grantSite}/grants`),
    'post /api/sites/{name}/grants': post(`/api/sites/${tenant.grantSite}/grants`, {
      ...{ holder: 'Grace', validityHours: 8 },
    }),
    'delete /api/sites/{name}/grants/{id}': read(
      `/api/sites/${tenant.grantSite}/grants/${tenant.grant.id}`,
    ),
    'get /api/tags': read('/api/tags'),
    'get /api/tags/suggestions': read('/api/tags/suggestions'),
    'get /api/groups': read('/api/groups'),
    'post /api/groups': post('/api/groups', { name: `group-${fresh}`, query: 'a AND NOT b' }),
    'get /api/groups/{id}': read(`/api/groups/${dynamic.id}`),
    'patch /api/groups/{id}': post(`/api/groups/${dynamic.id}`, { description: 'changed' }),
    'get /api/groups/{id}/members': read(`/api/groups/${group.id}/members`),
    'delete /api/groups/{id}': read(`/api/groups/${dynamic.id}`),
    'patch /api/devices/{id}': post(device, { name: 'pump' }),
    'get /api/devices/{id}/enrolment': { path: `${device}/enrolment`, by: 'device' },
    'post /api/devices/{id}/approve': post(`/api/devices/${tenant.pending[0]}/approve`),
    'post /api/devices/{id}/reject': post(`/api/devices/${tenant.pending[1]}/reject`, {
      reason: 'not ours',
    }),
    'get /api/devices/{id}/api-keys': read(`${device}/api-keys`),
    'post /api/devices/{id}/api-keys': post(`${device}/api-keys`, { validityDays: 3 }),
    'post /api/devices/{id}/certificates': {
      ...post(`${device}/certificates`, { request: exampleRequest }),
      by: 'device',
    },
    'get /api/devices/{id}/certificates': read(`${device}/certificates`),
    'get /api/devices/{id}/authentications': read(`${device}/authentications`),
    'get /api/certificates/authority': { ...read('/api/certificates/authority'), by: 'nobody' },
    'get /api/certificates/revoked': { ...read('/api/certificates/revoked'), by: 'nobody' },
    'get /api/audit': read('/api/audit'),
    'get /api/audit/verification': read('/api/audit/verification'),
    'get /api/keys': read('/api/keys'),
    'post /api/keys': post('/api/keys', { root: null, keyset: tenant.nextKeyset }),
    'post /api/keys/rotate': post('/api/keys/rotate', { role: 'membership', change: 'add' }),
    'post /api/artifacts': post('/api/artifacts', tenant.image.tar),
    'post /api/artifacts/uploads': post('/api/artifacts/uploads', {
      ...{ digest: unsent, sizeBytes: 20, parts: [unsent] },
    }),
    'put /api/artifacts/upload-parts/{id}/{index}': post(
      `/api/artifacts/upload-parts/${tenant.uploads.kept.id}/0`,
      tenant.uploads.kept.bytes,
    ),
    'get /api/artifacts/uploads/{id}': read(`/api/artifacts/uploads/${tenant.uploads.kept.id}`),
    'post /api/artifacts/uploads/{id}/finish': post(
      `/api/artifacts/uploads/${tenant.uploads.kept.id}/finish`,
    ),
    'delete /api/artifacts/uploads/{id}': read(`/api/artifacts/uploads/${tenant.uploads.spare.id}`),
    'get /api/artifacts': read('/api/artifacts'),
    'post /api/artifacts/links': post('/api/artifacts/links', {
      ...{ kind: 'blob', digest: tenant.image.configDigest },
    }),
    'get /api/artifacts/linked/blobs/{digest}': { path: tenant.links.blob, by: 'nobody' },
    'get /api/artifacts/linked/images/{tenant}/{digest}': {
      ...{ path: tenant.links.image, by: 'nobody' },
    },
    'get /api/artifacts/blobs/{digest}': read(`/api/artifacts/blobs/${tenant.image.configDigest}`),
    'get /api/bundle-policy': read('/api/bundle-policy'),
    'patch /api/bundle-policy': post('/api/bundle-policy', { loopbackOnly: true }),
    'get /api/rollout-settings': read('/api/rollout-settings'),
    'patch /api/rollout-settings': post('/api/rollout-settings', { approvalByAnother: false }),
    'get /api/secrets': read('/api/secrets'),
    'post /api/secrets': post('/api/secrets', { name: `s-${Date.now()}`, value: 'hunter2' }),
    'put /api/secrets/{id}': post(`/api/secrets/${tenant.secrets.kept.id}`, { value: 'hunter3' }),
    'delete /api/secrets/{id}': read(`/api/secrets/${tenant.secrets.unused.id}`),
    'get /api/bundles': read('/api/bundles'),
    'post /api/bundles': post('/api/bundles', { name: `b-${Date.now()}` }),
    'get /api/bundles/{id}': read(inBundle),
    'post /api/bundles/validate': post('/api/bundles/validate', { containers }),
    'post /api/bundles/validate/compose': post('/api/bundles/validate/compose', {
      compose: `services: {web: {image: 'registry.example/web@sha256:${'a'.repeat(64)}'}}`,
    }),
    'get /api/bundles/{id}/versions': read(`${inBundle}/versions`),
    'post /api/bundles/{id}/versions': post(`${inBundle}/versions`, {
      ...{ version: `2.0.${Date.now()}`, containers },
    }),
    'get /api/bundles/{id}/versions/{version}': read(`${inBundle}/versions/1.0.0`),
    'get /api/bundles/{id}/versions/{version}/diff': read(
      `${inBundle}/versions/1.0.0/diff?from=1.0.0`,
    ),
    'get /api/bundles/{id}/devices': read(`${inBundle}/devices`),
    'patch /api/bundles/{id}': post(inBundle, { description: 'changed' }),
    'put /api/bundles/{id}/deprecation': post(`${inBundle}/deprecation`, { reason: 'old' }),
    'delete /api/bundles/{id}/deprecation': read(`${inBundle}/deprecation`),
    'put /api/bundles/{id}/versions/{version}/deprecation': post(
      `${inBundle}/versions/1.0.0/deprecation`,
      { reason: 'leaks' },
    ),
    'delete /api/bundles/{id}/versions/{version}/deprecation': read(
      `${inBundle}/versions/1.0.0/deprecation`,
    ),
    'delete /api/bundles/{id}/versions/{version}': read(`/api/bundles/${spare.id}/versions/1.0.0`),
    'delete /api/bundles/{id}': read(`/api/bundles/${spare.id}`),
    'get /api/releases/{digest}': { path: `/api/releases/${tenant.releaseDigest}`, by: 'device' },
    'get /api/devices/{id}/desired-state': read(`${device}/desired-state`),
    'get /api/rollouts': read('/api/rollouts'),
    'get /api/rollouts/{id}': read(`/api/rollouts/${rollout.id}`),
    'get /api/rollouts/{id}/devices': read(`/api/rollouts/${rollout.id}/devices`),
    'get /api/rollouts/{id}/failures': read(`/api/rollouts/${rollout.id}/failures`),
    'post /api/devices/{id}/heartbeat': {
      ...post(`${device}/heartbeat`, { nextBeatMs: 30_000 }),
      by: 'device',
    },
    'post /api/devices/{id}/metrics': {
      ...post(`${device}/metrics`, { samples: [{ cpuPercent: 3 }] }),
      by: 'device',
    },
    'get /api/devices/{id}/presence': read(`${device}/presence`),
    'get /api/devices/{id}/metrics': read(`${device}/metrics`),
    'get /api/devices/{id}/events': read(`${device}/events`),
    'get /api/devices/{id}/reported': read(`${device}/reported`),
    'get /api/devices/{id}/health': read(`${device}/health`),
    'get /api/devices/{id}/logs': read(`${device}/logs?container=web`),
    'get /api/telemetry/dead-letters': read('/api/telemetry/dead-letters'),
    'get /api/telemetry/dead-letters/{id}': read(`${letters}/${tenant.letters[0]}`),
    'post /api/telemetry/dead-letters/{id}/replay': post(`${letters}/${tenant.letters[0]}/replay`),
    'delete /api/telemetry/dead-letters/{id}': read(`${letters}/${tenant.letters[1]}`),
    'get /api/telemetry/dead-letters/causes': read(`${letters}/causes`),
    'post /api/telemetry/dead-letters/replay': post(`${letters}/replay`, {
      ...{ kind: 'ingest', cause: 'replayed-together' },
    }),
    'post /api/telemetry/dead-letters/discard': post(`${letters}/discard`, {
      ...{ kind: 'ingest', cause: 'discarded-together' },
    }),
    'get /api/telemetry/retention': read('/api/telemetry/retention'),
    'get /api/telemetry/retention/preview': read('/api/telemetry/retention/preview?metricsDays=3'),
    'put /api/telemetry/retention': post('/api/telemetry/retention', {
      ...{ metricsDays: 14, hoursDays: null, eventsDays: 30, deadLettersDays: null },
    }),
    'get /api/telemetry/metrics': read(`/api/telemetry/metrics?devices=${deviceId}`),
    'post /api/bundles/image-tags': post('/api/bundles/image-tags', {
      images: ['10.0.0.1/web:1'],
    }),
    'get /api/telemetry/percentiles': read(
      '/api/telemetry/percentiles?metric=cpuPercent&site=plant-7',
    ),
    'get /api/telemetry/health': read('/api/telemetry/health'),
    'get /api/alerts': read('/api/alerts'),
    'get /api/alerts/statistics': read('/api/alerts/statistics'),
    'get /api/alerts/{id}': read(`/api/alerts/${tenant.alert}`),
    'post /api/alerts/{id}/acknowledge': post(`/api/alerts/${tenant.alert}/acknowledge`, {
      note: 'On my way.',
    }),
    'post /api/alerts/{id}/resolve': post(`/api/alerts/${tenant.alert}/resolve`, {}),
    'get /api/alert-rules': read('/api/alert-rules'),
    'post /api/alert-rules': post('/api/alert-rules', { type: 'low-disk', name: fresh }),
    'patch /api/alert-rules/{id}': post(`/api/alert-rules/${tenant.alertRule.id}`, {
      forSeconds: 600,
    }),
    'post /api/alert-rules/{id}/reset': post(`/api/alert-rules/${tenant.alertRule.id}/reset`),
    'delete /api/alert-rules/{id}': read(`/api/alert-rules/${tenant.alertRule.id}`),
    'get /api/alert-silences': read('/api/alert-silences'),
    'post /api/alert-silences': post('/api/alert-silences', {
      ...{ site: 'plant-7', reason: fresh, endsAt: new Date(Date.now() + 3_600_000).toISOString() },
    }),
    'patch /api/alert-silences/{id}': post(`/api/alert-silences/${tenant.silence.id}`, {
      reason: 'It takes longer.',
    }),
    'delete /api/alert-silences/{id}': read(`/api/alert-silences/${tenant.silence.id}`),
    'get /api/notification-channels': read('/api/notification-channels'),
    'post /api/notification-channels': post('/api/notification-channels', {
      ...{ kind: 'webhook', name: `hook-${fresh}`, enabled: false },
      settings: { url: 'https://10.0.0.1/hook' },
    }),
    'get /api/notification-channels/{id}': read(channel),
    'put /api/notification-channels/{id}': post(channel, {
      ...{ kind: 'webhook', name: `hook-${tenant.name}`, enabled: false, settings: {} },
      hears: { alerts: null, events: ['rollout.*'] },
    }),
    'post /api/notification-channels/{id}/test': post(`${channel}/test`),
    'post /api/notification-channels/{id}/signing-key': post(`${channel}/signing-key`),
    'get /api/notification-channels/{id}/deliveries': read(`${channel}/deliveries`),
    'get /api/notification-deliveries': read('/api/notification-deliveries'),
    'post /api/notification-deliveries/{id}/retry': post(
      `/api/notification-deliveries/${tenant.delivery}/retry`,
    ),
    'delete /api/notification-channels/{id}': read(`/api/notification-channels/${tenant.lost.id}`),
    'get /api/stream': read('/api/stream'),
    'get /api/telemetry/session': read('/api/telemetry/session'),
    'post /api/devices/{id}/bundle': post(`${device}/bundle`, wish),
    'post /api/rollouts': post('/api/rollouts', {
      ...wish,
      deviceIds: [tenant.second.deviceId],
    }),
    'post /api/rollouts/preview': post('/api/rollouts/preview', {
      ...wish,
      deviceIds: [tenant.second.deviceId],
    }),
    'post /api/rollouts/{id}/ignore-site-windows': post(
      `/api/rollouts/${waved.id}/ignore-site-windows`,
      { reason: 'The hole is being used.' },
    ),
    'post /api/rollouts/{id}/heed-site-windows': post(
      `/api/rollouts/${waved.id}/heed-site-windows`,
    ),
    'post /api/rollouts/{id}/pause': post(`/api/rollouts/${waved.id}/pause`),
    'post /api/rollouts/{id}/resume': post(`/api/rollouts/${waved.id}/resume`),
    'post /api/rollouts/{id}/approve': post(`/api/rollouts/${waved.id}/approve`),
    'post /api/rollouts/{id}/advance': post(`/api/rollouts/${waved.id}/advance`),
    'post /api/rollouts/{id}/rollback': post(`/api/rollouts/${waved.id}/rollback`),
    'post /api/rollouts/{id}/retry': post(`/api/rollouts/${rollout.id}/retry`),
    'post /api/rollouts/{id}/cancel': post(`/api/rollouts/${rollout.id}/cancel`),
    'delete /api/devices/{id}/bundle/{bundleId}': read(`${device}/bundle/${other.id}`),
    'delete /api/devices/{id}/certificates/{serial}': read(
      `${device}/certificates/${tenant.certificate.serial}`,
    ),
    'delete /api/devices/{id}/api-keys/{keyId}': read(`${device}/api-keys/${apiKey.id}`),
    'delete /api/registration-tokens/{id}': read(`/api/registration-tokens/${tenant.spare.id}`),
    'delete /api/devices/{id}': read(`/api/devices/${tenant.second.deviceId}`),
    'post /api/devices/{id}/replace': post(`/api/devices/${tenant.third.deviceId}/replace`, {
      by: tenant.pending[2],
    }),
    'post /api/devices/{id}/decommission': post(`${device}/decommission`, { wipe: 'data' }),
    'delete /api/devices/{id}/enrolment': { path: `${device}/enrolment`, by: 'device' },
    // The same again, so that it can be asked again.
    'post /api/auth/password': post('/api/auth/password', { password, newPassword: password }),
    'post /api/auth/logout': post('/api/auth/logout'),
  };
};

/** Whoever has the link may: it is the credential, whatever else they show. */
export const openedByLink = [
  'get /api/artifacts/linked/blobs/{digest}',
  'get /api/artifacts/linked/images/{tenant}/{digest}',
];
/** Without a credential: signing in and out, and registering with a registration token. */
export const open = [
  'post /api/auth/login',
  'post /api/auth/refresh',
  'post /api/auth/invitation',
  'post /api/auth/sign-up',
  'post /api/auth/sign-up/confirmation',
  'get /api/auth/providers',
  'get /api/auth/oidc',
  'get /api/auth/oidc/callback',
  'post /api/auth/logout',
  'post /api/devices',
  // Whoever verifies a device's certificate needs both, and neither is a secret.
  ...['get /api/certificates/authority', 'get /api/certificates/revoked'],
  ...openedByLink,
];
/** Providers add what they like to the address they send a browser back to. */
export const walkedByBrowsers = ['get /api/auth/oidc', 'get /api/auth/oidc/callback'];
