/** The bench of ingest at its smallest: it runs, and nothing is lost or stored twice. */
import { expect, it } from 'vitest';
import { run } from './ingest.ts';

it('takes everything in once', async () => {
  const { name, figures } = await run({ smoke: true });
  expect(name).toBe('ingest');
  expect(figures).toMatchObject({
    minuteFramesMissing: 0,
    minuteFramesTwice: 0,
    smallFramesMissing: 0,
    smallFramesTwice: 0,
    halfRateMissing: 0,
    halfRateTwice: 0,
  });
  expect(figures['minuteFramesDataPointsPerSecond']).toBeGreaterThan(0);
});
