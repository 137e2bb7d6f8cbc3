/** The simulated store of lanes behaves as the real one. */
import { laneStoreSuite } from '@signalbeam/edge/store/lanes.suite';
import { createDisk, emptyContent } from './disk.ts';
import { createLaneStore } from './lane-store.ts';

laneStoreSuite(() => {
  const disk = createDisk(emptyContent());
  let epochs = 0;
  const open = (lanes: readonly ('events' | 'metrics')[]) =>
    createLaneStore({
      disk,
      lanes,
      reserved: true,
      newEpoch: () => {
        epochs += 1;
        return epochs.toString(16).padStart(16, '0');
      },
      watch: {
        appended: () => undefined,
        confirming: () => undefined,
        lossNoted: () => undefined,
        renumbered: () => undefined,
      },
    });
  return {
    store: open(['events', 'metrics']),
    together: (work) => disk.commit(work),
    reopen: () => open(['events']),
  };
});
