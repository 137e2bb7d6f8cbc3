/**
 * The bench of plans at its smallest. Times are for the bench; here it is held what a tick asks of
 * Postgres: one statement with nothing due, and else what moved, however many rollouts are at work.
 */
import '@signalbeam/launcher/rig/provided';
import { answering } from '@signalbeam/bundle-orchestrator/rollouts/tell';
import { expect, inject, it } from 'vitest';
import { measureOne, measureTicks } from './plans.ts';
import { addDevices, endRollouts, openPlansFleet } from './plans-fleet.suite.ts';

it('asks for what moved alone, however many rollouts are at work', async () => {
  const fleet = await openPlansFleet(inject('postgresUrl'));
  try {
    await addDevices(fleet, 600);
    const few = await measureTicks(fleet, 20, 5);
    await endRollouts(fleet);
    const many = await measureTicks(fleet, 60, 5);
    await endRollouts(fleet);
    for (const { idleStatements, idleRows } of [few, many])
      expect({ idleStatements, idleRows }).toEqual({ idleStatements: 1, idleRows: 0 });
    // Three times as many at work; the platform's own loops ask for something in between.
    expect(many.movedStatementsEach).toBeLessThan(1.3 * few.movedStatementsEach);
    expect(many.movedRowsEach).toBeLessThan(1.3 * few.movedRowsEach);
    expect(many.movedStatementsEach).toBeLessThanOrEqual(90);
    // Where a gate wants to be looked at and nothing moved, there is one transaction and no row is kept.
    expect(many.lookStatementsEach).toBeLessThanOrEqual(10);
    const one = await measureOne(fleet, 600);
    const { planMs, lookAheadMs, advanceMs, tellHalfMs, advanceTold } = one;
    for (const ms of [planMs, lookAheadMs, advanceMs, tellHalfMs]) expect(ms).toBeGreaterThan(0);
    // Of the 294 of its wave: whoever advances it waits for the first alone.
    expect(advanceTold).toBe(answering.atOnceMax);
  } finally {
    await fleet.stop();
  }
});
