/**
 * The lanes in which a device's rows travel up. Each lane has its own epoch, counter and
 * watermark and is strictly in order; lanes never wait for each other. Pure data.
 */
export const laneNames = ['events', 'reported', 'metrics', 'backfill', 'logs'] as const;

export type Lane = (typeof laneNames)[number];

/** What the next row of a lane is called: `(device, lane, epoch, seq)` names one payload forever. */
export type LanePosition = { lane: Lane; epoch: string; seq: number };

/** Hash of a lane before its first row. */
export const chainStart = '0'.repeat(32);
