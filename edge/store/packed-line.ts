/**
 * Metrics lines as they lie on the disk: deflated with a fixed dictionary, because every line says
 * the same words and every commit writes whole pages. Reading gives the exact line back: it is what
 * was hashed. The dictionary never changes; another one would be another column.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib';

const dictionary = Buffer.from(
  '{"gap":{"from":,"to":,"reason":"dropped-at-cap","hash":"' +
    '{"seq":1,"at":17,"body":{"cpuPercent":,"memoryPercent":,"memoryUsedBytes":,"diskPercent":,' +
    '"diskUsedBytes":,"networkReceivedBytes":,"networkSentBytes":,"loadAverage":0.,' +
    '"temperatureCelsius":null,"uptimeSeconds":}}',
);
/** A line is at most a row's limit; what unpacks to more was damaged. */
const lineBytesMax = 64 * 1024;

export const packLine = (line: string): Buffer => deflateRawSync(line, { dictionary });

/** Lines of other lanes are text and stay as they are. */
export const unpackLine = (stored: string | Uint8Array): string =>
  typeof stored === 'string'
    ? stored
    : inflateRawSync(stored, { dictionary, maxOutputLength: lineBytesMax }).toString('utf8');
