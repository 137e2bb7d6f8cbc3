import fc from 'fast-check';
import { expect, it } from 'vitest';
import { planSites, type SiteStanding } from './alert-sites.ts';

const dueOf = (site: string, count: number) =>
  Array.from({ length: count }, (_, index) => ({
    deviceId: `${site}-${index}`,
    site,
    sinceMs: 0,
  }));
const standing = (given: Partial<SiteStanding>): SiteStanding => ({
  ...{ site: 'plant', heard: 40, silent: 40, alone: 0, openAlertId: null },
  ...given,
});

it('a site that goes silent is one alert, not forty', () => {
  const steps = planSites(dueOf('plant', 40), [standing({})]);
  expect(steps).toHaveLength(1);
  expect(steps[0]).toMatchObject({ kind: 'site', site: 'plant', deviceCount: 40 });
});

it('devices of a site that answers are told one by one', () => {
  const steps = planSites(dueOf('plant', 3), [standing({ silent: 39 })]);
  expect(steps.map(({ kind }) => kind)).toEqual(['device', 'device', 'device']);
});

it('the last device of a site whose others were gone before is a device', () => {
  expect(planSites(dueOf('plant', 1), [standing({ heard: 2, silent: 2, alone: 1 })])).toEqual([
    { kind: 'device', deviceId: 'plant-0' },
  ]);
  expect(planSites(dueOf('plant', 1), [standing({ heard: 1, silent: 1 })])).toEqual([
    { kind: 'device', deviceId: 'plant-0' },
  ]);
});

it('who is found silent later joins the alert of the site', () => {
  expect(planSites(dueOf('plant', 1), [standing({ openAlertId: 'open' })])).toEqual([
    { kind: 'join', deviceId: 'plant-0', alertId: 'open' },
  ]);
});

it('every device that is due is accounted for once, in its own site', () => {
  const sites = ['a', 'b', 'c'];
  fc.assert(
    fc.property(
      fc.tuple(fc.nat(5), fc.nat(5), fc.nat(5)),
      fc.array(
        fc.record({
          site: fc.constantFrom(...sites),
          heard: fc.nat(6),
          silent: fc.nat(6),
          alone: fc.nat(6),
          openAlertId: fc.constantFrom(null, 'open'),
        }),
      ),
      (counts, standings) => {
        const due = sites.flatMap((site, index) => dueOf(site, counts[index] ?? 0));
        const steps = planSites(due, standings);
        const ids = steps.flatMap((step) =>
          step.kind === 'site' ? step.deviceIds : [step.deviceId],
        );
        expect(ids.toSorted()).toEqual(due.map(({ deviceId }) => deviceId).toSorted());
        for (const step of steps) {
          if (step.kind !== 'site') continue;
          for (const id of step.deviceIds) expect(id.startsWith(step.site)).toBe(true);
        }
      },
    ),
  );
});
