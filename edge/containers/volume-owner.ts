/** The refusal that both engines give for a volume that this agent did not make. */
import { FleetError } from '@signalbeam/sync/core/errors';

export const notOurVolume = (name: string): FleetError =>
  new FleetError(
    'volume-not-owned',
    `Volume ${name} exists on this host and was not made by this agent. It was left as it is.`,
    { next: 'Rename the volume in the bundle, or remove the stranger’s volume by hand.' },
  );
