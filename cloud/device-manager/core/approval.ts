/**
 * What may happen to a device's registration. A person decides once; a refusal can be taken back,
 * an approval cannot: an approved device holds credentials, so it is deleted, not un-approved.
 */
export type RegistrationStatus = 'pending' | 'approved' | 'rejected';
export type Decision = 'approve' | 'reject';

export type Decided =
  | { kind: 'changed'; status: RegistrationStatus }
  | { kind: 'unchanged' }
  | { kind: 'refused'; reason: string; next: string };

/** Deciding the same twice is no mistake: two people may have pressed the button. */
export const decide = (status: RegistrationStatus, decision: Decision): Decided => {
  if (decision === 'approve') {
    return status === 'approved' ? { kind: 'unchanged' } : { kind: 'changed', status: 'approved' };
  }
  if (status === 'rejected') return { kind: 'unchanged' };
  if (status === 'pending') return { kind: 'changed', status: 'rejected' };
  return {
    kind: 'refused',
    reason: 'The device is approved and already holds its credentials.',
    next: 'Delete the device to take them away.',
  };
};
