/**
 * A path to the hub through another machine of the site: first the LAN, then that machine's own way.
 * A process that is gone breaks the connection at once; a LAN that is cut is silent.
 */
import { createPath, type Path } from './carrier.ts';
import type { Device } from './device.ts';
import type { Lan } from './lan.ts';

export type Hop = {
  lan: Lan;
  from: number;
  to: Device;
  /** Where it leads on from there at this moment; null while nothing listens there. */
  onward: () => Path | null;
};

type Broken = Pick<Path, 'cut' | 'upLost' | 'downLost' | 'hubAway'>;

/** Looked at anew each time: whatever changes on the way changes the path. */
const pathOf = (broken: () => Broken, rest: () => Path): Path => ({
  get cut() {
    return broken().cut;
  },
  get upLost() {
    return broken().upLost;
  },
  get downLost() {
    return broken().downLost;
  },
  get hubAway() {
    return broken().hubAway;
  },
  get delayMs() {
    return rest().delayMs;
  },
  get jitterMs() {
    return rest().jitterMs;
  },
  get bytesPerSecond() {
    return rest().bytesPerSecond;
  },
  get freeAt() {
    return rest().freeAt;
  },
  set freeAt(at: number) {
    rest().freeAt = at;
  },
});

const onLan = ({ lan, from, to }: Hop) => ({
  upLost: !lan.reaches(from, to.parts.machine),
  downLost: !lan.reaches(to.parts.machine, from),
});

/** A leaf notices by itself that the hub is out of reach, whichever direction is cut, and says so. */
export const throughLeaf = (hop: Hop): Path =>
  pathOf(
    () => {
      const wan = hop.onward() ?? nowhere;
      return {
        ...onLan(hop),
        cut: hop.onward() === null,
        hubAway: wan.cut || wan.hubAway || wan.upLost || wan.downLost,
      };
    },
    () => hop.onward() ?? nowhere,
  );

/** A neighbour pipes bytes to the broker that it found itself; silence there is silence here. */
export const throughNeighbour = (hop: Hop): Path =>
  pathOf(
    () => {
      const way = hop.onward() ?? nowhere;
      const lan = onLan(hop);
      return {
        cut: way.cut,
        upLost: lan.upLost || way.upLost,
        downLost: lan.downLost || way.downLost,
        hubAway: way.hubAway,
      };
    },
    () => hop.onward() ?? nowhere,
  );

const nowhere: Path = { ...createPath(), cut: true };
