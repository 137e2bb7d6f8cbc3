/**
 * One alert for a site that went silent as a whole. Devices that are due to be told offline are
 * looked at site by site: if nothing is heard of any device there, its gateway or its link is gone,
 * and a single alert names the site instead of one for each device. Pure.
 */
export type DueDevice = { deviceId: string; site: string; sinceMs: number };

export type SiteStanding = {
  site: string;
  /** Devices of the site that were heard of at any time. */
  heard: number;
  /** Of these, offline or overdue by more than their next beat, last heard of before the present. */
  silent: number;
  /** Of these, with an alert of their own: they were gone before. */
  alone: number;
  /** The alert that is open for the site as a whole. */
  openAlertId: string | null;
};

export type SiteStep =
  | { kind: 'device'; deviceId: string }
  /** One alert for the site, which these devices are the first of. */
  | { kind: 'site'; site: string; deviceIds: string[]; deviceCount: number }
  /** The site's alert covers it. */
  | { kind: 'join'; deviceId: string; alertId: string };

/** Fewer than two are a device, not a site. */
const siteDevicesMin = 2;

const isSilentSite = ({ heard, silent, alone }: SiteStanding): boolean =>
  silent === heard && silent - alone >= siteDevicesMin;

export const planSites = (
  due: readonly DueDevice[],
  standings: readonly SiteStanding[],
): SiteStep[] => {
  const bySite = Map.groupBy(due, ({ site }) => site);
  return [...bySite].flatMap(([site, devices]): SiteStep[] => {
    const standing = standings.find((each) => each.site === site);
    const deviceIds = devices.map(({ deviceId }) => deviceId);
    if (standing === undefined || standing.silent < standing.heard) {
      return deviceIds.map((deviceId) => ({ kind: 'device', deviceId }));
    }
    const { openAlertId: alertId, silent, alone } = standing;
    if (alertId !== null) return deviceIds.map((deviceId) => ({ kind: 'join', deviceId, alertId }));
    return isSilentSite(standing)
      ? [{ kind: 'site', site, deviceIds, deviceCount: silent - alone }]
      : deviceIds.map((deviceId) => ({ kind: 'device', deviceId }));
  });
};
