/**
 * Where the other devices of the site were last reached, so that a device finds its site again
 * after a restart without the cloud and without a beacon. Hints, never admission: the roster says
 * who belongs, and the key that is proved says who it is.
 */
import type { Database } from 'better-sqlite3';

export type KnownPeer = { deviceId: string; host: string; port: number; heardAt: number };

export const knownPeersTable = `
  CREATE TABLE known_peers (
    device_id TEXT PRIMARY KEY,
    host      TEXT NOT NULL,
    port      INTEGER NOT NULL,
    heard_at  INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
`;

export type KnownPeers = {
  all(): KnownPeer[];
  remember(peer: KnownPeer): void;
  /** Keeps only those that still belong to the site. */
  retain(deviceIds: ReadonlySet<string>): void;
};

/** A site has at most 200 members; those heard of last stay. */
const peersMax = 256;
/** What did not change is written down this often at most: each commit costs flash. */
const rewriteMs = 24 * 3_600_000;

export const openKnownPeers = (db: Database): KnownPeers => {
  const select = db.prepare<[], KnownPeer>(
    'SELECT device_id AS deviceId, host, port, heard_at AS heardAt FROM known_peers ORDER BY heard_at DESC',
  );
  const upsert = db.prepare(
    `INSERT INTO known_peers VALUES (@deviceId, @host, @port, @heardAt)
     ON CONFLICT (device_id) DO UPDATE SET host = excluded.host, port = excluded.port, heard_at = excluded.heard_at`,
  );
  const trim = db.prepare(
    'DELETE FROM known_peers WHERE device_id NOT IN (SELECT device_id FROM known_peers ORDER BY heard_at DESC LIMIT ?)',
  );
  const remove = db.prepare('DELETE FROM known_peers WHERE device_id = ?');
  const held = new Map(select.all().map((peer) => [peer.deviceId, peer]));
  const write = db.transaction((peer: KnownPeer) => {
    upsert.run(peer);
    trim.run(peersMax);
  });
  return {
    all: () => [...held.values()],
    remember: (peer) => {
      const before = held.get(peer.deviceId);
      const same = before?.host === peer.host && before.port === peer.port;
      if (same && peer.heardAt - before.heardAt < rewriteMs) return;
      held.set(peer.deviceId, peer);
      write(peer);
    },
    retain: (deviceIds) => {
      for (const deviceId of [...held.keys()].filter((each) => !deviceIds.has(each))) {
        held.delete(deviceId);
        remove.run(deviceId);
      }
    },
  };
};
