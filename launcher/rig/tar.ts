/**
 * A ustar writer that gives the same bytes for the same entries: no times, no owners, entries in
 * the order given. Only what image layers and archives need; names up to 100 bytes.
 */
export type TarEntry =
  | { kind: 'file'; path: string; content: Uint8Array; mode?: number }
  | { kind: 'folder'; path: string; mode?: number }
  | { kind: 'link'; path: string; target: string };

const block = 512;

const octal = (value: number, width: number): string =>
  `${value.toString(8).padStart(width, '0')}\0`;

const typeFlag = { file: '0', folder: '5', link: '2' } as const;

const header = (entry: TarEntry): Buffer => {
  const path = entry.kind === 'folder' ? `${entry.path.replace(/\/$/, '')}/` : entry.path;
  if (Buffer.byteLength(path) > 100) throw new Error(`Name too long for a tar entry: ${path}`);
  const buffer = Buffer.alloc(block);
  const mode =
    entry.kind === 'link' ? 0o777 : (entry.mode ?? (entry.kind === 'folder' ? 0o755 : 0o644));
  buffer.write(path, 0);
  buffer.write(octal(mode, 7), 100);
  buffer.write(octal(0, 7), 108);
  buffer.write(octal(0, 7), 116);
  buffer.write(octal(entry.kind === 'file' ? entry.content.byteLength : 0, 11), 124);
  buffer.write(octal(0, 11), 136);
  buffer.write('        ', 148);
  buffer.write(typeFlag[entry.kind], 156);
  if (entry.kind === 'link') buffer.write(entry.target, 157);
  buffer.write('ustar\x0000', 257);
  let sum = 0;
  for (const byte of buffer) sum += byte;
  buffer.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return buffer;
};

export const writeTar = (entries: readonly TarEntry[]): Buffer<ArrayBuffer> => {
  const parts: Uint8Array[] = [];
  for (const entry of entries) {
    parts.push(header(entry));
    if (entry.kind !== 'file') continue;
    parts.push(entry.content);
    parts.push(Buffer.alloc((block - (entry.content.byteLength % block)) % block));
  }
  parts.push(Buffer.alloc(2 * block));
  return Buffer.concat(parts);
};
