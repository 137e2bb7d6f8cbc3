/** Which service answers where: the design's table, spelled out. */
import { describe, expect, it } from 'vitest';
import { serviceOf } from './paths.ts';

const id = '00000000-0000-4000-8000-000000000001';

describe('the table of paths', () => {
  it.each([
    ['/api/devices', 'device-manager'],
    [`/api/devices/${id}`, 'device-manager'],
    [`/api/devices/${id}/approve`, 'device-manager'],
    [`/api/devices/${id}/enrolment`, 'device-manager'],
    ['/api/registration-tokens', 'device-manager'],
    ['/api/auth/login', 'device-manager'],
    [`/api/devices/${id}/heartbeat`, 'telemetry-processor'],
    [`/api/devices/${id}/metrics`, 'telemetry-processor'],
    [`/api/devices/${id}/presence`, 'telemetry-processor'],
    ['/api/stream', 'telemetry-processor'],
    [`/api/devices/${id}/bundle`, 'bundle-orchestrator'],
    [`/api/devices/${id}/bundle/${id}`, 'bundle-orchestrator'],
    [`/api/devices/${id}/desired-state`, 'bundle-orchestrator'],
    ['/api/bundles', 'bundle-orchestrator'],
    ['/api/bundles/validate', 'bundle-orchestrator'],
    ['/api/artifacts/blobs/sha256:00', 'bundle-orchestrator'],
    [`/api/rollouts/${id}/devices`, 'bundle-orchestrator'],
  ])('gives %s to %s', (path, owner) => {
    expect(serviceOf(path)).toBe(owner);
  });

  it.each([
    '/',
    '/api',
    '/api/',
    '/api/devicesx',
    '/api/bundlesx/1',
    '/apix/devices',
    '/api/stream/x',
  ])('gives %s to nobody', (path) => {
    expect(serviceOf(path)).toBeNull();
  });
});
