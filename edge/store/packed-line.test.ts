import fc from 'fast-check';
import { expect, test } from 'vitest';
import { packLine, unpackLine } from './packed-line.ts';

test('what was packed comes back byte for byte', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (line) => {
      expect(unpackLine(packLine(line))).toBe(Buffer.from(line).toString('utf8'));
    }),
  );
  expect(unpackLine('plain')).toBe('plain');
});

test('a line of metrics takes less than half', () => {
  const line =
    '{"seq":8123,"at":1763942400123,"body":{"cpuPercent":12.5,"memoryPercent":41.2,"memoryUsedBytes":6123456789,"diskPercent":33.3,"diskUsedBytes":61234567890,"networkReceivedBytes":123456789012,"networkSentBytes":2345678901,"loadAverage":0.4,"temperatureCelsius":null,"uptimeSeconds":1234567}}';
  expect(packLine(line).byteLength).toBeLessThan(line.length / 2);
});
