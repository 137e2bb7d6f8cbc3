/**
 * One client of the live views: a web stream, and once its answer is under way the socket itself.
 * Thousands of streams at once are writes and nothing else that way: a web stream costs a handful of
 * promises for every piece. What waits for a client is bounded; one that missed something is told so.
 */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

const queueBytesMax = 256 * 1024;

const text = new TextEncoder();
const crlf = text.encode('\r\n');

/** Bytes as all clients get them: made once, however many there are. */
type Piece = { plain: Uint8Array; chunk: Uint8Array };

/** `chunk` is the same as HTTP/1.1 frames it (RFC 9112 §7.1). */
export const pieceOf = (plain: Uint8Array): Piece => ({
  plain,
  chunk: Buffer.concat([text.encode(`${plain.byteLength.toString(16)}\r\n`), plain, crlf]),
});

const resync = pieceOf(text.encode('event: resync\ndata: {}\n\n'));
const hello = text.encode('retry: 2000\n\n');

export type LiveClient = { stream: ReadableStream<Uint8Array>; close: () => void };

export type ClientOptions = {
  /** Of a server of Node's: where the answer goes in the end. */
  outgoing?: Pick<ServerResponse, 'headersSent' | 'chunkedEncoding' | 'socket'> | undefined;
  /** It comes back and may have missed something. */
  missed?: boolean;
  ended: () => void;
};

export type OfferedClient = LiveClient & {
  /** Passes it on if there is room; `mayBeLeftOut` makes nothing of it if there is none. */
  offer: (piece: Piece, mayBeLeftOut?: boolean) => void;
};

export const openClient = (options: ClientOptions): OfferedClient => {
  const { outgoing, ended } = options;
  let controller: ReadableStreamDefaultController<Uint8Array>;
  let missed = false;
  let waiting = false;
  let open = true;
  const end = (): void => {
    if (!open) return;
    open = false;
    ended();
  };
  const tellMissed = (write: (piece: Piece) => void): void => {
    if (!missed) return;
    missed = false;
    write(resync);
  };
  /** The socket, once all that went through the stream is on it. */
  const socketNow = (): Socket | null => {
    if (outgoing?.headersSent !== true || !outgoing.chunkedEncoding) return null;
    return controller.desiredSize === queueBytesMax ? outgoing.socket : null;
  };
  const toSocket = (socket: Socket, { chunk }: Piece, mayBeLeftOut: boolean): void => {
    if (!socket.writable) return;
    if (socket.writableLength + chunk.byteLength <= queueBytesMax) {
      tellMissed((piece) => socket.write(piece.chunk));
      socket.write(chunk);
      return;
    }
    if (mayBeLeftOut) return;
    missed = true;
    if (waiting) return;
    waiting = true;
    // It made room: it learns now that it missed something, not at the next event.
    socket.once('drain', () => {
      waiting = false;
      if (open) tellMissed((piece) => socket.write(piece.chunk));
    });
  };
  const toStream = ({ plain }: Piece, mayBeLeftOut: boolean): void => {
    if ((controller.desiredSize ?? 0) >= plain.byteLength) {
      tellMissed((piece) => controller.enqueue(piece.plain));
      controller.enqueue(plain);
    } else if (!mayBeLeftOut) missed = true;
  };
  const stream = new ReadableStream<Uint8Array>(
    {
      start: (given) => {
        controller = given;
        controller.enqueue(hello);
        if (options.missed === true) controller.enqueue(resync.plain);
      },
      pull: () => tellMissed((piece) => controller.enqueue(piece.plain)),
      cancel: end,
    },
    { highWaterMark: queueBytesMax, size: (chunk) => chunk?.byteLength ?? 0 },
  );
  return {
    stream,
    offer: (piece, mayBeLeftOut = false) => {
      if (!open) return;
      const socket = socketNow();
      if (socket === null) toStream(piece, mayBeLeftOut);
      else toSocket(socket, piece, mayBeLeftOut);
    },
    close: () => {
      if (!open) return;
      end();
      try {
        controller.close();
      } catch {
        // Cancelled by its reader at the same moment.
      }
    },
  };
};
