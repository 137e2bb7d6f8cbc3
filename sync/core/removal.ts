/**
 * How a device leaves its tenant, and what it shall take away itself. Said in the revocation, under
 * the membership key: nothing less makes a device wipe anything.
 */
export const removals = ['deleted', 'replaced', 'decommissioned'] as const;
export type Removal = (typeof removals)[number];

/** Its keys and data, or these and what it runs: containers, their volumes and its images. */
export const wipes = ['data', 'workloads'] as const;
export type Wipe = (typeof wipes)[number];
