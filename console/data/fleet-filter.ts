/** Which devices the fleet's page shows: as the address says it, and as the API is asked for it. */
export const fleetFilters = ['all', 'online', 'offline', 'rejected'] as const;
export type FleetStatus = (typeof fleetFilters)[number];
/** By name, or the worst health first. */
export type FleetSort = 'name' | 'health';
export type FleetFilter = {
  status: FleetStatus;
  site: string;
  search: string;
  /** In the language of queries; only one that can be read is ever here. */
  query: string;
  sort: FleetSort;
};

/** The parameters of the API's list; an absent one does not choose. */
export type DeviceChoice = {
  status?: string;
  site?: string;
  search?: string;
  query?: string;
  group?: string;
};

export const noFilter: FleetFilter = {
  status: 'all',
  site: '',
  search: '',
  query: '',
  sort: 'name',
};

export const filterFromQuery = (search: string): FleetFilter => {
  const given = new URLSearchParams(search);
  const status = fleetFilters.find((known) => known === given.get('status')) ?? 'all';
  return {
    status,
    site: given.get('site') ?? '',
    search: given.get('q') ?? '',
    query: given.get('query') ?? '',
    sort: given.get('sort') === 'health' ? 'health' : 'name',
  };
};

/** Pending devices are listed apart, so `all` means all that belong to the fleet. */
export const choiceOf = ({ status, site, search, query }: FleetFilter): DeviceChoice => ({
  status: status === 'all' ? 'approved' : status,
  ...(site === '' ? {} : { site }),
  ...(search.trim() === '' ? {} : { search: search.trim() }),
  ...(query.trim() === '' ? {} : { query: query.trim() }),
});

export const isNarrow = (filter: FleetFilter): boolean =>
  filter.status !== 'all' || filter.site !== '' || filter.search !== '' || filter.query !== '';
