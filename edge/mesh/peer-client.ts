/**
 * Asking another agent of the site: which versions it holds, one record, where its broker is. One
 * connection per question (records are rare and small), bounded in time and bytes; the peer is
 * whoever holds the key the roster names, and its answers are verified by whoever uses them.
 */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { FleetError } from '@signalbeam/sync/core/errors';
import { siteRecordBytesMax } from '@signalbeam/sync/core/limits';
import { type RecordName, recordNameOf, type Versions } from '@signalbeam/sync/core/records';
import { parseJson } from '@signalbeam/sync/wire/shape';
import { z } from 'zod';
import type { DeviceCertificate } from './certificate.ts';
import { connectToPeer, type PeerAddress, peerCertificate, provenKey } from './peer-tls.ts';

export type Peer = { address: PeerAddress; publicKey: string };

const deadlineMs = 10_000;
/** 200 members with a few records each. */
const versionsBytesMax = 256 * 1024;
const brokerBytesMax = 4 * 1024;
const versionsSchema = z.array(z.tuple([z.string().max(200), z.int().min(0)])).max(4_096);
const brokerSchema = z.strictObject({
  kind: z.enum(['leaf', 'hub']),
  certificate: z.string().max(2_048).nullable(),
});
export type BrokerOffer = z.infer<typeof brokerSchema>;

export type PeerClient = ReturnType<typeof createPeerClient>;

export const createPeerClient = (parts: { own: DeviceCertificate }) => {
  const { own } = parts;
  const get = async (peer: Peer, path: string, bytesMax: number): Promise<Uint8Array | null> => {
    const socket = await connectToPeer({ ...peer, own });
    try {
      const reply = await new Promise<IncomingMessage>((resolve, reject) => {
        const request = httpRequest({
          createConnection: () => socket,
          path,
          headers: { host: 'peer', connection: 'close' },
          timeout: deadlineMs,
        });
        request.once('response', resolve);
        request.once('error', reject);
        request.once('timeout', () => request.destroy(new Error('no answer')));
        request.end();
      });
      if (reply.statusCode === 404 || reply.statusCode === 503) return null;
      if (reply.statusCode !== 200) throw refused(peer.address, reply.statusCode);
      return await readBounded(peer.address, reply, bytesMax);
    } catch (cause) {
      throw cause instanceof FleetError ? cause : silent(peer.address, cause);
    } finally {
      socket.destroy();
    }
  };

  return {
    /** The key that whoever listens there proves, base64; null when it proves none. */
    identify: async (address: PeerAddress): Promise<string | null> => {
      const socket = await connectToPeer({ address, publicKey: null, own });
      const key = provenKey(socket);
      socket.destroy();
      return key;
    },
    /** The certificate by which a peer's leaf is known too, PEM. */
    certificate: async (peer: Peer): Promise<string> => {
      const socket = await connectToPeer({ ...peer, own });
      const certificate = peerCertificate(socket)?.toString() ?? '';
      socket.destroy();
      return certificate;
    },
    /** Names that only a newer peer knows are left out: nobody here could verify them. */
    versions: async (peer: Peer): Promise<Versions> => {
      const bytes = await get(peer, '/records', versionsBytesMax);
      const parsed = parseJson(bytes ?? '[]', versionsSchema, versionsBytesMax);
      if (parsed.kind === 'refused') throw garbled(peer.address, parsed.reason);
      return new Map(
        parsed.value.flatMap(([text, version]) => {
          const name = recordNameOf(text);
          return name === null ? [] : [[name, version] as const];
        }),
      );
    },
    /** The envelope's exact bytes; null when the peer has none. Not verified here. */
    record: (peer: Peer, name: RecordName): Promise<Uint8Array | null> =>
      get(peer, `/records/${name}`, siteRecordBytesMax),
    /** How the peer reaches a broker; null when it reaches none. */
    broker: async (peer: Peer): Promise<BrokerOffer | null> => {
      const bytes = await get(peer, '/broker', brokerBytesMax);
      if (bytes === null) return null;
      const parsed = parseJson(bytes, brokerSchema, brokerBytesMax);
      if (parsed.kind === 'refused') throw garbled(peer.address, parsed.reason);
      return parsed.value;
    },
  };
};

const readBounded = async (
  address: PeerAddress,
  reply: IncomingMessage,
  bytesMax: number,
): Promise<Uint8Array> => {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  const deadline = setTimeout(() => reply.destroy(new Error('too slow')), deadlineMs);
  try {
    for await (const chunk of reply as AsyncIterable<Buffer>) {
      sizeBytes += chunk.byteLength;
      if (sizeBytes > bytesMax) throw garbled(address, `more than ${bytesMax} bytes`);
      chunks.push(chunk);
    }
  } finally {
    clearTimeout(deadline);
  }
  return Buffer.concat(chunks);
};

const at = ({ host, port }: PeerAddress): string => `${host}:${port}`;

const refused = (address: PeerAddress, status: number | undefined): FleetError =>
  new FleetError('peer-refused', `The device at ${at(address)} answered ${status}.`);

const silent = (address: PeerAddress, cause: unknown): FleetError =>
  new FleetError('peer-unreachable', `The device at ${at(address)} did not answer.`, { cause });

const garbled = (address: PeerAddress, reason: string): FleetError =>
  new FleetError(
    'peer-answer-invalid',
    `The device at ${at(address)} was not understood: ${reason}.`,
  );
