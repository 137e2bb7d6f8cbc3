/**
 * Whose word counts for a wave. Four eyes are two people: a program's word is that of the person who made
 * its account, and a tenant may ask that every approval is another person's. Pure.
 */
import type { Gate } from './wave.ts';

export type Requested = {
  /** The person who made the rollout, or for whom a program did. */
  requestedBy: string;
  /** The tenant asks that every approval is another person's. */
  approvalByAnother: boolean;
};

/** What a gate asks for where the tenant has a say in it. */
export const approvalAsked = (
  { approval }: Pick<Gate, 'approval'>,
  { approvalByAnother }: Requested,
): Gate['approval'] =>
  approval === 'any-person' && approvalByAnother ? 'another-person' : approval;

const via = ' via ';

/** How an approval is kept: whose word it is, and which program said it. */
export const approvalEntry = (actor: string, person: string | null): string =>
  person === null || person === actor ? actor : `${person}${via}${actor}`;

const personOf = (entry: string): string => entry.split(via)[0] ?? entry;

export const isApproved = (
  gate: Pick<Gate, 'approval'>,
  approvals: readonly string[],
  requested: Requested,
): boolean => {
  switch (approvalAsked(gate, requested)) {
    case 'none':
      return true;
    case 'any-person':
      return approvals.length > 0;
    case 'another-person':
      return approvals.some((entry) => personOf(entry) !== requested.requestedBy);
  }
};
