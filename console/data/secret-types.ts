/** Secrets as the console reads them. */
import type { Instant } from './types.ts';

/** Of a secret everything but its value, which nobody is ever sent. */
export type Secret = {
  id: string;
  name: string;
  scope: { kind: 'tenant' } | { kind: 'site'; site: string } | { kind: 'device'; deviceId: string };
  revision: number;
  devices: number;
  /** Of them those that have yet to get its present value. */
  waiting: number;
  changedAt: Instant;
  changedBy: string;
};
export type NewSecret = { name: string; value: string; site?: string };
