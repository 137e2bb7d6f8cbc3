/**
 * Server-sent events as a pure parser: text in, whole events out, the unfinished rest kept. Comments
 * are counted too, because a keep-alive proves the line is up though it says nothing.
 */
export type ServerEvent = { id: string | null; type: string; data: string };
export type Parsed = { events: ServerEvent[]; rest: string };

const field = (line: string): [name: string, value: string] => {
  const colon = line.indexOf(':');
  if (colon < 0) return [line, ''];
  const value = line.slice(colon + 1);
  return [line.slice(0, colon), value.startsWith(' ') ? value.slice(1) : value];
};

const parseBlock = (block: string): ServerEvent | null => {
  const data: string[] = [];
  let type = 'message';
  let id: string | null = null;
  for (const line of block.split('\n')) {
    if (line.startsWith(':')) continue;
    const [name, value] = field(line);
    if (name === 'data') data.push(value);
    else if (name === 'event') type = value;
    else if (name === 'id') id = value;
  }
  return data.length === 0 ? null : { id, type, data: data.join('\n') };
};

/** Give back `rest` with the next piece. */
export const parseServerEvents = (rest: string, piece: string): Parsed => {
  const text = (rest + piece).replaceAll('\r\n', '\n');
  const blocks = text.split('\n\n');
  const unfinished = blocks.pop() ?? '';
  return {
    events: blocks.flatMap((block) => {
      const event = parseBlock(block);
      return event === null ? [] : [event];
    }),
    rest: unfinished,
  };
};
