/** Planted bugs of the device: each bends one port that the real agent is given. Test use only. */
import type { UplinkCodec } from '@signalbeam/edge/link/codec';
import type { Journal } from '@signalbeam/edge/store/journal';
import type { Opened } from '@signalbeam/sync/wire/dsse';
import type { LaneAcknowledgement } from '@signalbeam/sync/wire/hello';
import type { Device } from '../world/device.ts';
import { Parcel } from '../world/parcel.ts';
import type { Bug } from './bug.ts';

/** What a parcel says, whoever sealed it; real bytes keep their seal. */
const believed = <T>(bytes: Uint8Array, opened: Opened<T>): Opened<T> =>
  opened.kind === 'refused' && bytes instanceof Parcel
    ? { kind: 'opened', value: bytes.content as T, keyIds: [] }
    : opened;

const bendLanes =
  (
    change: (lane: LaneAcknowledgement, device: Device) => LaneAcknowledgement,
  ): NonNullable<Bug['codec']> =>
  (codec, device): UplinkCodec => {
    const bend = <T extends { lanes: LaneAcknowledgement[] }>(opened: Opened<T>): Opened<T> =>
      opened.kind === 'refused'
        ? opened
        : {
            ...opened,
            value: {
              ...opened.value,
              lanes: opened.value.lanes.map((lane) => change(lane, device)),
            },
          };
    return {
      ...codec,
      openWelcome: (bytes, keyset) => bend(codec.openWelcome(bytes, keyset)),
      openAcknowledgement: (bytes, keyset) => bend(codec.openAcknowledgement(bytes, keyset)),
    };
  };

/** Of every version that the simulated cloud makes. */
const soakMs = 6_000;

/** A journal that is not what it says. */
const bendJournal =
  (change: (journal: Journal, device: Device) => Partial<Journal>): NonNullable<Bug['journal']> =>
  (journal, device) => ({ ...journal, ...change(journal, device) });

export const deviceBugs: Record<string, Bug> = {
  'delete-on-puback': {
    carrier: (carrier, outbox) => ({
      ...carrier,
      publishDurable: async (subject, bytes, timeoutMs) => {
        const receipt = await carrier.publishDurable(subject, bytes, timeoutMs);
        if (receipt.kind === 'stored' && bytes instanceof Parcel) {
          const { header } = bytes.content as {
            header: { lane: 'events'; epoch: string; lastSeq: number };
          };
          const store = outbox.storeOf(header.lane);
          const { epoch, ackedSeq } = store.head(header.lane);
          const hash = store.hashAt(header.lane, header.lastSeq);
          if (epoch === header.epoch && hash !== null && header.lastSeq > ackedSeq)
            outbox.confirm(header.lane, header.lastSeq, hash);
        }
        return receipt;
      },
    }),
  },
  'no-epoch-remake': { store: (store) => ({ ...store, renumber: () => undefined }) },
  'skip-version-check': {
    journal: bendJournal((journal, device) => ({
      desired: () => {
        const kept = journal.desired();
        return kept === null ? null : { ...kept, generation: 0 };
      },
      keepDesired: (desired) =>
        device.disk.commit(() => {
          const before = device.disk.content.desired;
          if (!device.disk.orphaned) device.parts.watch.desiredKept(desired, before);
          device.disk.content.desired = desired;
          return true;
        }),
    })),
  },
  'trust-unsigned-relay': {
    records: (records) => ({
      ...records,
      openDesired: (bytes, keyset) =>
        believed(bytes, records.openDesired(bytes, keyset) as Opened<never>),
    }),
  },
  'drop-fsync': { syncs: false },
  'expire-container': {
    engine: (engine, device) => ({
      ...engine,
      list: async (deviceId) => {
        const all = await engine.list(deviceId);
        const age = device.wall() - (device.disk.content.desired?.acceptedAt ?? device.wall());
        const oldest = all.find(({ state }) => state === 'running');
        if (age > 3_600_000 && oldest !== undefined) await engine.stop(oldest.id, { graceMs: 0 });
        return all;
      },
    }),
  },
  'accept-other-audience': {
    records: (records, deviceId) => ({
      ...records,
      openDesired: (bytes, keyset) => {
        const opened = records.openDesired(bytes, keyset);
        return opened.kind === 'refused'
          ? opened
          : { ...opened, value: { ...opened.value, deviceId } };
      },
    }),
  },
  'reuse-seq': {
    codec: bendLanes((lane, device) => {
      const own = device.disk.content.lanes.get(lane.lane);
      if (own === undefined || own.epoch !== lane.epoch || lane.upTo <= own.ackedSeq) return lane;
      const upTo = Math.min(lane.upTo, own.lastSeq);
      const hash = own.rows.find(({ seq }) => seq === upTo)?.hash ?? own.lastHash;
      return { ...lane, upTo, hash };
    }),
  },
  'replayed-welcome': {
    codec: (codec) => {
      let nonce = '';
      return {
        ...codec,
        nonce: () => {
          nonce = codec.nonce();
          return nonce;
        },
        openWelcome: (bytes, keyset) => {
          const opened = codec.openWelcome(bytes, keyset);
          return opened.kind === 'refused'
            ? opened
            : { ...opened, value: { ...opened.value, nonce } };
        },
      };
    },
  },
  'stop-before-fetch': {
    engine: (engine, device) => ({
      ...engine,
      pull: async (reference, options) => {
        const own = await engine.list(device.parts.deviceId);
        for (const { id, state } of own) {
          if (state === 'running') await engine.stop(id, { graceMs: 0 });
        }
        return engine.pull(reference, options);
      },
    }),
  },
  'prune-foreign-image': {
    engine: (engine) => ({ ...engine, image: () => Promise.resolve(null) }),
  },
  'forget-previous': {
    journal: bendJournal((journal) => ({
      saveSlot: (slot) => journal.saveSlot({ ...slot, previous: null }),
    })),
  },
  'soak-by-clock': {
    journal: bendJournal((journal, device) => ({
      slots: () =>
        journal.slots().map((slot) => {
          const { healthySince = null } = slot.update ?? {};
          const now = device.wall();
          return slot.update === null || healthySince === null || now - healthySince < soakMs
            ? slot
            : { ...slot, update: { ...slot.update, lastProbeAt: now } };
        }),
    })),
  },
  'credit-ignored': { codec: bendLanes((lane) => ({ ...lane, credit: 100_000 })) },
  'touch-strangers': {
    engine: (engine, device) => ({
      ...engine,
      list: async () => [...device.parts.host.containers.values()],
    }),
  },
  'torn-decision': { journal: bendJournal(() => ({ together: (work) => work() })) },
  'forged-ack': {
    codec: (codec) => ({
      ...codec,
      openAcknowledgement: (bytes, keyset) =>
        believed(bytes, codec.openAcknowledgement(bytes, keyset)),
    }),
  },
  'no-resend': {
    carrier: (carrier) => {
      const sent = new Set<string>();
      return {
        ...carrier,
        publishDurable: async (subject, bytes, timeoutMs) => {
          const { header } =
            bytes instanceof Parcel ? (bytes.content as { header: object }) : { header: {} };
          const name = JSON.stringify({ ...header, sentAt: 0, rows: 0, lastSeq: 0 });
          if (sent.has(name)) return { kind: 'stored', stream: 'UP', seq: 0 };
          sent.add(name);
          return carrier.publishDurable(subject, bytes, timeoutMs);
        },
      };
    },
  },
};
