/**
 * Asking another agent of the site: which versions it holds, records, where its broker is. A
 * connection for each errand (they are rare and small), bounded in time and bytes; the peer is
 * whoever holds the key the roster names, and its answers are verified by whoever uses them.
 */
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { FleetError } from '@signalbeam/sync/core/errors';
import { siteRecordBytesMax } from '@signalbeam/sync/core/limits';
import { type RecordName, recordNameOf, type Versions } from '@signalbeam/sync/core/records';
import { parseJson } from '@signalbeam/sync/wire/shape';
import { z } from 'zod';
import type { DeviceCertificate } from './certificate.ts';
import { connectToPeer, type PeerAddress, peerCertificate, provenKey } from './peer-tls.ts';

/** With no key it is whoever answers there: for records alone, which prove themselves. */
export type Peer = { address: PeerAddress; publicKey: string | null };

/** From the question to the last byte of the answer, however slowly it drips. */
const deadlineMs = 10_000;
const refusalBytesMax = 4 * 1024;
/** 200 members with a few records each. */
const versionsBytesMax = 256 * 1024;
const brokerBytesMax = 4 * 1024;
const rootsPerWalkMax = 64;
const versionsSchema = z.array(z.tuple([z.string().max(200), z.int().min(0)])).max(4_096);
const brokerSchema = z.strictObject({
  kind: z.enum(['leaf', 'hub']),
  certificate: z.string().max(2_048).nullable(),
});
export type BrokerOffer = z.infer<typeof brokerSchema>;

export type PeerClient = ReturnType<typeof createPeerClient>;

export const createPeerClient = (parts: { own: DeviceCertificate }) => {
  const { own } = parts;
  /** All of `use` over one connection, which ends with it. */
  const over = async <T>(peer: Peer, use: (ask: Ask) => Promise<T>): Promise<T> => {
    const socket = await connectToPeer({ ...peer, own });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    agent.createConnection = () => socket;
    try {
      return await use((path, bytesMax) => get(agent, peer.address, path, bytesMax));
    } catch (cause) {
      throw cause instanceof FleetError ? cause : silent(peer.address, cause);
    } finally {
      agent.destroy();
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
      const bytes = await over(peer, (ask) => ask('/records', versionsBytesMax));
      const parsed = parseJson(bytes ?? '[]', versionsSchema, versionsBytesMax);
      if (parsed.kind === 'refused') throw garbled(peer.address, parsed.reason);
      return new Map(
        parsed.value.flatMap(([text, version]) => {
          const name = recordNameOf(text);
          return name === null ? [] : [[name, version] as const];
        }),
      );
    },
    /** Takes the exact bytes of each that the peer has, one after the other. Not verified here. */
    records: (
      peer: Peer,
      names: readonly RecordName[],
      take: (name: RecordName, bytes: Uint8Array) => void,
    ): Promise<void> =>
      names.length === 0
        ? Promise.resolve()
        : over(peer, async (ask) => {
            for (const name of names) {
              const bytes = await ask(`/records/${name}`, siteRecordBytesMax);
              if (bytes !== null) take(name, bytes);
            }
          }),
    /**
     * The roots after `version` one by one, for as long as the peer has the next and `take` says
     * that it follows. A peer of before served only the newest, and has none by number.
     */
    roots: (peer: Peer, version: number, take: (bytes: Uint8Array) => boolean): Promise<void> =>
      over(peer, async (ask) => {
        for (let next = version + 1; next <= version + rootsPerWalkMax; next += 1) {
          const bytes = await ask(`/roots/${next}`, siteRecordBytesMax);
          if (bytes === null || !take(bytes)) return;
        }
      }),
    /** How the peer reaches a broker; null when it reaches none. */
    broker: async (peer: Peer): Promise<BrokerOffer | null> => {
      const bytes = await over(peer, (ask) => ask('/broker', brokerBytesMax));
      if (bytes === null) return null;
      const parsed = parseJson(bytes, brokerSchema, brokerBytesMax);
      if (parsed.kind === 'refused') throw garbled(peer.address, parsed.reason);
      return parsed.value;
    },
  };
};

type Ask = (path: string, bytesMax: number) => Promise<Uint8Array | null>;

/** Null when the peer has no such thing, or not now. */
const get = async (
  agent: Agent,
  address: PeerAddress,
  path: string,
  bytesMax: number,
): Promise<Uint8Array | null> => {
  const reply = await new Promise<IncomingMessage>((resolve, reject) => {
    const signal = AbortSignal.timeout(deadlineMs);
    const request = httpRequest({ agent, path, headers: { host: 'peer' }, signal });
    request.once('response', resolve);
    request.once('error', reject);
    request.end();
  });
  if (reply.statusCode === 404 || reply.statusCode === 503) {
    // Read to its end, for the next question comes over the same connection; no further than that.
    await readBounded(address, reply, refusalBytesMax);
    return null;
  }
  if (reply.statusCode !== 200) throw refused(address, reply.statusCode);
  return await readBounded(address, reply, bytesMax);
};

const readBounded = async (
  address: PeerAddress,
  reply: IncomingMessage,
  bytesMax: number,
): Promise<Uint8Array> => {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of reply as AsyncIterable<Buffer>) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > bytesMax) throw garbled(address, `more than ${bytesMax} bytes`);
    chunks.push(chunk);
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
