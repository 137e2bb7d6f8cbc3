/**
 * The types of the API, made from the API's OpenAPI document by
 * `./signalbeam generate`: don't edit them.
 */
import type { paths as BundlesPaths } from './api/bundles.ts';
import type { paths as DevicesPaths } from './api/devices.ts';
import type { paths as IdentityPaths } from './api/identity.ts';
import type { paths as TelemetryPaths } from './api/telemetry.ts';

export type { components } from './api/schemas.ts';
export interface paths extends BundlesPaths, DevicesPaths, IdentityPaths, TelemetryPaths {}
