/**
 * The bench of what people ask of large rollouts at its smallest, which is more devices than a batch takes.
 * Times are for the bench; here it is held that all of it comes to its end, and what a report asks.
 */
import '@signalbeam/launcher/rig/provided';
import { expect, inject, it } from 'vitest';
import { addDevices, openPlansFleet } from './plans-fleet.suite.ts';
import { measureSteering } from './steer.ts';

it('tells, retries, cancels and rolls back more devices than a batch takes', async () => {
  const devices = 2_500;
  const fleet = await openPlansFleet(inject('postgresUrl'));
  try {
    await addDevices(fleet, devices);
    const figures = await measureSteering(fleet, devices, 3);
    for (const [name, ms] of Object.entries(figures))
      if (name.endsWith('Ms')) expect(ms, name).toBeGreaterThanOrEqual(0);
    // Who is not heard of was counted before: a gate that leaves them out asks for no more than one that waits.
    expect(figures['reportGoesOnStatements']).toBeLessThanOrEqual(
      (figures['reportWaitsStatements'] ?? 0) + 1,
    );
    expect(figures['audited']).toBe(1);
    // The first two batches are moved by the time of the answer, the others by the loop.
    expect(figures['retriedAtOnce']).toBe(2_000);
  } finally {
    await fleet.stop();
  }
});
