/**
 * The port behind which the broker sits. It carries bytes and says honestly what became of them;
 * every failure of transport is one answer, so callers have one way to be unlucky. It believes
 * nothing and verifies nothing: signatures are the business of those who read.
 */
export type CarrierStatus = 'connecting' | 'connected' | 'closed';

export type CarrierReply =
  | {
      kind: 'reply';
      bytes: Uint8Array /** A status such as 404 from JetStream; 0 when none. */;
      code: number;
    }
  | { kind: 'failed'; reason: 'no-responders' | 'timeout' | 'disconnected' | 'refused' };

/** The broker stored it: in flight, not yet committed by the system of record. */
export type PubAck =
  | { kind: 'stored'; stream: string; seq: number }
  | Extract<CarrierReply, { kind: 'failed' }>;

export type Carrier = {
  status(): CarrierStatus;
  /** Who answered: the host and port of the server, or null. */
  server(): string | null;
  onStatus(listener: (status: CarrierStatus) => void): () => void;
  /** Once, unconfirmed; dropped while there is no connection, because it would be stale later. */
  publish(subject: string, bytes: Uint8Array): boolean;
  publishDurable(subject: string, bytes: Uint8Array, timeoutMs: number): Promise<PubAck>;
  request(subject: string, bytes: Uint8Array, timeoutMs: number): Promise<CarrierReply>;
  /** Holds over reconnects. */
  subscribe(subject: string, listener: (bytes: Uint8Array, subject: string) => void): () => void;
  /** Drops the connection and dials again: for a watchdog that no longer trusts it. */
  reconnect(): Promise<void>;
  close(): Promise<void>;
};
