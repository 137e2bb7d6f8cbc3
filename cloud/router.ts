/**
 * One address in front of services that run as separate processes: what a reverse proxy with the
 * same table of paths would be in production. Reads its own few variables; holds no secrets.
 */
import { createPathRouter } from '@signalbeam/platform/http/path-router';
import { type Served, serve } from '@signalbeam/platform/http/serve';
import { serveFolder } from '@signalbeam/platform/http/static';
import { FleetError } from '@signalbeam/sync/core/errors';
import { z } from 'zod';

/** One address, or those of several replicas by comma. */
const target = z
  .string()
  .transform((text) => text.split(',').map((part) => part.trim()))
  .pipe(
    z
      .array(z.url({ protocol: /^https?$/ }))
      .min(1)
      .max(50),
  );
const environmentSchema = z.object({
  SIGNALBEAM_DEVICE_MANAGER_URL: target,
  SIGNALBEAM_BUNDLE_ORCHESTRATOR_URL: target,
  SIGNALBEAM_TELEMETRY_PROCESSOR_URL: target,
  SIGNALBEAM_CONSOLE_DIR: z.string().optional(),
  HOST: z.string().min(1).default('127.0.0.1'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
});

/** Routes until the caller stops it. */
export const startRouter = async (
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Served> => {
  const parsed = environmentSchema.safeParse(environment);
  if (!parsed.success) {
    const names = parsed.error.issues.map(({ path }) => String(path[0])).join(', ');
    throw new FleetError(
      'invalid-configuration',
      `These variables are missing or wrong: ${names}.`,
      {
        next: 'Set each to the address of that service, for example http://127.0.0.1:8081, or to those of its replicas by comma.',
      },
    );
  }
  const value = parsed.data;
  const folder = value.SIGNALBEAM_CONSOLE_DIR;
  const app = createPathRouter({
    targets: {
      'device-manager': value.SIGNALBEAM_DEVICE_MANAGER_URL,
      'bundle-orchestrator': value.SIGNALBEAM_BUNDLE_ORCHESTRATOR_URL,
      'telemetry-processor': value.SIGNALBEAM_TELEMETRY_PROCESSOR_URL,
    },
    console: folder === undefined || folder === '' ? null : serveFolder(folder),
  });
  return serve({ app, host: value.HOST, port: value.PORT });
};
