/** Which devices a list shows and in what order: pure, and the filter is what the address says. */
import type { Device } from './types.ts';

export const fleetFilters = ['all', 'online', 'offline', 'attention'] as const;
export type FleetStatus = (typeof fleetFilters)[number];
export type FleetFilter = { status: FleetStatus; site: string; search: string };

export const filterFromQuery = (search: string): FleetFilter => {
  const query = new URLSearchParams(search);
  const status = fleetFilters.find((known) => known === query.get('status')) ?? 'all';
  return { status, site: query.get('site') ?? '', search: query.get('q') ?? '' };
};

export const needsAttention = (device: Device): boolean =>
  device.presence === 'offline' ||
  (device.bundles ?? []).some((bundle) => bundle.status === 'failed');

const ofStatus = (device: Device, status: FleetStatus): boolean => {
  switch (status) {
    case 'all':
      return true;
    case 'online':
      return device.presence === 'online';
    case 'offline':
      return device.presence !== 'online';
    case 'attention':
      return needsAttention(device);
  }
};

const matches = (device: Device, words: readonly string[]): boolean => {
  const text = [
    device.name,
    device.site,
    device.platform?.hostname ?? '',
    device.fingerprint,
    device.agentVersion,
    ...(device.bundles ?? []).map((bundle) => `${bundle.name} ${bundle.version}`),
  ]
    .join(' ')
    .toLowerCase();
  return words.every((word) => text.includes(word));
};

const byName = (a: Device, b: Device): number =>
  a.site.localeCompare(b.site) || a.name.localeCompare(b.name, undefined, { numeric: true });

export type FleetView = {
  pending: Device[];
  shown: Device[];
  counts: Record<FleetStatus, number>;
  sites: string[];
};

/** Pending devices are apart and never filtered away: somebody is standing beside one. */
export const viewFleet = (devices: readonly Device[], filter: FleetFilter): FleetView => {
  const members = devices.filter((device) => device.registrationStatus !== 'pending');
  const words = filter.search.toLowerCase().split(/\s+/).filter(Boolean);
  const found = members.filter(
    (device) => (filter.site === '' || device.site === filter.site) && matches(device, words),
  );
  const count = (status: FleetStatus) => found.filter((device) => ofStatus(device, status)).length;
  return {
    pending: devices.filter((device) => device.registrationStatus === 'pending').sort(byName),
    shown: found.filter((device) => ofStatus(device, filter.status)).sort(byName),
    counts: {
      all: found.length,
      online: count('online'),
      offline: count('offline'),
      attention: count('attention'),
    },
    sites: [...new Set(devices.map((device) => device.site))].sort(),
  };
};
