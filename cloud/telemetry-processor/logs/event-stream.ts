/**
 * Server-sent events for one reader, with back-pressure: `hasRoom` says whether it keeps up. What is
 * written while it does not still goes in, so whoever writes looks first.
 */
export type EventStream = {
  body: ReadableStream<Uint8Array>;
  hasRoom: () => boolean;
  write: (event: string, data: unknown) => void;
  close: () => void;
};

/** A few pieces of a log. */
const queueBytesMax = 64 * 1024;
const keepAliveMs = 15_000;
const text = new TextEncoder();
const keepAlive = text.encode(': still here\n\n');

export const openEventStream = (onLeave: () => void): EventStream => {
  let controller: ReadableStreamDefaultController<Uint8Array>;
  let open = true;
  const end = (): boolean => {
    const was = open;
    open = false;
    clearInterval(timer);
    return was;
  };
  const hasRoom = (): boolean => open && (controller.desiredSize ?? 0) > 0;
  const body = new ReadableStream<Uint8Array>(
    {
      start: (given) => {
        controller = given;
      },
      cancel: () => {
        if (end()) onLeave();
      },
    },
    { highWaterMark: queueBytesMax, size: (chunk) => chunk?.byteLength ?? 0 },
  );
  const timer = setInterval(() => {
    if (hasRoom()) controller.enqueue(keepAlive);
  }, keepAliveMs);
  return {
    body,
    hasRoom,
    write: (event, data) => {
      if (open)
        controller.enqueue(text.encode(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`));
    },
    close: () => {
      if (end()) controller.close();
    },
  };
};
