/**
 * The one table of which path belongs to which service. The all-in-one process, the path router
 * for separate processes and a test over every service's routes all read it. First match wins.
 */
export const serviceNames = [
  'device-manager',
  'bundle-orchestrator',
  'telemetry-processor',
] as const;
export type ServiceName = (typeof serviceNames)[number];

/** `:x` stands for one segment, a trailing `/*` for the path itself and all below it. */
export const pathTable: readonly (readonly [pattern: string, owner: ServiceName])[] = [
  ['/api/devices/:id/heartbeat', 'telemetry-processor'],
  ['/api/devices/:id/metrics', 'telemetry-processor'],
  ['/api/devices/:id/presence', 'telemetry-processor'],
  ['/api/devices/:id/events', 'telemetry-processor'],
  ['/api/devices/:id/reported', 'telemetry-processor'],
  ['/api/devices/:id/health', 'telemetry-processor'],
  ['/api/devices/:id/logs', 'telemetry-processor'],
  ['/api/stream', 'telemetry-processor'],
  ['/api/telemetry/*', 'telemetry-processor'],
  ['/api/alerts/*', 'telemetry-processor'],
  ['/api/alert-rules/*', 'telemetry-processor'],
  ['/api/alert-silences/*', 'telemetry-processor'],
  ['/api/notification-channels/*', 'telemetry-processor'],
  ['/api/notification-deliveries/*', 'telemetry-processor'],
  ['/api/devices/:id/bundle/*', 'bundle-orchestrator'],
  ['/api/devices/:id/desired-state', 'bundle-orchestrator'],
  ['/api/artifacts/*', 'bundle-orchestrator'],
  ['/api/bundle-policy', 'bundle-orchestrator'],
  ['/api/bundles/*', 'bundle-orchestrator'],
  ['/api/releases/*', 'bundle-orchestrator'],
  ['/api/rollouts/*', 'bundle-orchestrator'],
  ['/api/rollout-settings', 'bundle-orchestrator'],
  ['/api/secrets/*', 'bundle-orchestrator'],
  ['/api/devices/*', 'device-manager'],
  ['/api/groups/*', 'device-manager'],
  ['/api/sites/*', 'device-manager'],
  ['/api/tags/*', 'device-manager'],
  ['/api/registration-tokens/*', 'device-manager'],
  ['/api/auth/*', 'device-manager'],
  ['/api/audit/*', 'device-manager'],
  ['/api/certificates/*', 'device-manager'],
  ['/api/keys/*', 'device-manager'],
  ['/api/users/*', 'device-manager'],
  ['/api/service-accounts/*', 'device-manager'],
  ['/api/identity-provider/*', 'device-manager'],
  ['/api/quotas', 'device-manager'],
];

const matcher = (pattern: string): RegExp => {
  const source = pattern
    .split('/')
    .map((part) => (part.startsWith(':') ? '[^/]+' : part))
    .join('/');
  return source.endsWith('/*')
    ? new RegExp(`^${source.slice(0, -2)}(/.*)?$`)
    : new RegExp(`^${source}/?$`);
};

const compiled = pathTable.map(([pattern, owner]) => [matcher(pattern), owner] as const);

/** Who answers at a path, or null when no service does. */
export const serviceOf = (path: string): ServiceName | null =>
  compiled.find(([pattern]) => pattern.test(path))?.[1] ?? null;
