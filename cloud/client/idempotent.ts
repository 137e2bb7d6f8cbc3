/**
 * The operations that take an Idempotency-Key, made from the API's OpenAPI document by
 * `./signalbeam generate`: don't edit them.
 */
export const idempotentOperations: ReadonlySet<string> = new Set<string>([
  'post /api/auth/password',
  'post /api/auth/totp',
  'post /api/auth/totp/confirmation',
  'post /api/auth/totp/removal',
  'post /api/bundles',
  'post /api/bundles/validate',
  'post /api/bundles/{id}/versions',
  'post /api/devices/bulk',
  'post /api/devices/{id}/api-keys',
  'post /api/devices/{id}/approve',
  'post /api/devices/{id}/bundle',
  'post /api/devices/{id}/decommission',
  'post /api/devices/{id}/heartbeat',
  'post /api/devices/{id}/metrics',
  'post /api/devices/{id}/reject',
  'post /api/devices/{id}/replace',
  'post /api/groups',
  'post /api/keys',
  'post /api/keys/rotate',
  'post /api/registration-tokens',
  'post /api/rollouts',
  'post /api/rollouts/{id}/cancel',
  'post /api/rollouts/{id}/retry',
  'post /api/service-accounts',
  'post /api/service-accounts/{id}/tokens',
  'post /api/sites',
  'post /api/users',
  'post /api/users/invitations',
]);
