/**
 * The cloud over HTTPS: registering, asking for the enrolment, fetching releases, finding blobs. Every
 * call has a deadline; every failure is one `FleetError` that holds no secret. What comes back is
 * parsed here, and a release's bytes are checked against their digest before anyone sees them.
 */
import { FleetError } from '@signalbeam/sync/core/errors';
import { releaseBytesMax } from '@signalbeam/sync/core/limits';
import {
  certificateSchema,
  enrolmentStatusSchema,
  type Registration,
  registeredSchema,
} from '@signalbeam/sync/wire/enrolment';
import { releaseDigestOf } from '@signalbeam/sync/wire/records';
import { parseJson } from '@signalbeam/sync/wire/shape';
import type { z } from 'zod';
import { createCalls } from './cloud-calls.ts';
import type { TokenMint } from './device-token.ts';
import type { Ask } from './http-ask.ts';

export type Cloud = ReturnType<typeof openCloud>;

const replyBytesMax = 512 * 1024;
const shortDeadlineMs = 20_000;

/** `mint` is absent before registration: then only `register` can be called. */
export const openCloud = (parts: { url: string; mint?: TokenMint; fetch?: Ask }) => {
  const calls = createCalls(parts);

  return {
    register: async (registration: Registration) => {
      const bytes = await calls.json('POST', '/api/devices', registration, shortDeadlineMs);
      return parseReply(bytes, registeredSchema);
    },
    /** With the roots that follow the one that is known, for who believes one already. */
    enrolment: async (deviceId: string, rootsAfter: number | null) => {
      const query = rootsAfter === null ? '' : `?rootsAfter=${rootsAfter}`;
      const path = `/api/devices/${deviceId}/enrolment${query}`;
      return parseReply(
        await calls.read(path, replyBytesMax, shortDeadlineMs),
        enrolmentStatusSchema,
      );
    },
    /** A decommissioned device says that it has wiped what it was told to. */
    wiped: (deviceId: string): Promise<void> =>
      calls.remove(`/api/devices/${deviceId}/enrolment`, shortDeadlineMs),
    /** A certificate for the key behind this request. */
    certify: async (deviceId: string, request: string) => {
      const path = `/api/devices/${deviceId}/certificates`;
      const bytes = await calls.json('POST', path, { request }, shortDeadlineMs);
      return parseReply(bytes, certificateSchema);
    },
    fetchRelease: async (digest: string, signal?: AbortSignal): Promise<Uint8Array> => {
      const bytes = await calls.read(
        `/api/releases/${digest}`,
        releaseBytesMax,
        shortDeadlineMs,
        signal,
      );
      if (releaseDigestOf(bytes) === digest) return bytes;
      throw new FleetError(
        'release-digest-mismatch',
        `The cloud sent a release that is not ${digest}; it was thrown away.`,
        {
          next: 'If this goes on, something between the device and the cloud changes what it carries.',
        },
      );
    },
    /** Where a blob is, for the downloader: it resumes and checks digests itself. */
    locateBlob: (digest: string): { url: string; headers: Record<string, string> } => ({
      url: new URL(`/api/artifacts/blobs/${digest}`, parts.url).href,
      headers: parts.mint === undefined ? {} : { authorization: `Bearer ${parts.mint.token()}` },
    }),
  };
};

const parseReply = <T>(bytes: Uint8Array, schema: z.ZodType<T>): T => {
  const parsed = parseJson(bytes, schema, replyBytesMax);
  if (parsed.kind === 'parsed') return parsed.value;
  throw new FleetError(
    'cloud-reply-invalid',
    `The cloud's answer was not understood: ${parsed.reason}.`,
    {
      next: 'Check that --url names a SignalBeam cloud and that the agent is not older than it.',
    },
  );
};
