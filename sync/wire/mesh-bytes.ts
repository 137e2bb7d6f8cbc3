/**
 * Writing and reading the mesh's bytes: numbers, ids and short texts, each within its bounds. Reading
 * what is not there ends the whole reading; nothing is read beyond the end.
 */

/** Caught by `orNull` only: the input is not a message. */
export class Malformed extends Error {}

export class Writer {
  private readonly bytes: Buffer;
  private at = 0;
  constructor(sizeMax: number) {
    this.bytes = Buffer.allocUnsafe(sizeMax);
  }
  u8(value: number): void {
    this.at = this.bytes.writeUInt8(value, this.at);
  }
  u16(value: number): void {
    this.at = this.bytes.writeUInt16BE(value, this.at);
  }
  u32(value: number): void {
    this.at = this.bytes.writeUInt32BE(value, this.at);
  }
  u48(value: number): void {
    this.at = this.bytes.writeUIntBE(value, this.at, 6);
  }
  raw(value: Uint8Array): void {
    if (this.at + value.byteLength > this.bytes.byteLength) throw new RangeError('too long');
    this.bytes.set(value, this.at);
    this.at += value.byteLength;
  }
  uuid(value: string): void {
    this.raw(Buffer.from(value.replaceAll('-', ''), 'hex'));
  }
  text(value: string): void {
    const bytes = Buffer.from(value, 'utf8');
    this.u8(bytes.byteLength);
    this.raw(bytes);
  }
  done(): Uint8Array {
    return this.bytes.subarray(0, this.at);
  }
}

export class Reader {
  private readonly bytes: Buffer;
  private at = 0;
  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  get left(): number {
    return this.bytes.byteLength - this.at;
  }
  /** Where the next so many bytes begin: numbers and texts are read in place, without a view of each. */
  private take(length: number): number {
    const start = this.at;
    if (start + length > this.bytes.byteLength) throw new Malformed('too short');
    this.at = start + length;
    return start;
  }
  raw(length: number): Buffer {
    const start = this.take(length);
    return this.bytes.subarray(start, this.at);
  }
  u8(): number {
    return this.bytes.readUInt8(this.take(1));
  }
  u16(): number {
    return this.bytes.readUInt16BE(this.take(2));
  }
  u32(): number {
    return this.bytes.readUInt32BE(this.take(4));
  }
  u48(): number {
    return this.bytes.readUIntBE(this.take(6), 6);
  }
  uuid(): string {
    const start = this.take(16);
    const hex = this.bytes.toString('hex', start, this.at);
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  }
  /** Printable ASCII only: addresses, names of records, versions, URLs. */
  text(lengthMax: number): string {
    const length = this.u8();
    if (length > lengthMax) throw new Malformed('text too long');
    const start = this.take(length);
    const text = this.bytes.toString('latin1', start, this.at);
    if (!/^[\x21-\x7e]*$/.test(text)) throw new Malformed('not plain text');
    return text;
  }
  /** Whatever a person may have typed, but nothing that steers a terminal. */
  name(bytesMax: number): string {
    const length = this.u8();
    if (length > bytesMax) throw new Malformed('name too long');
    const bytes = this.raw(length);
    const text = bytes.toString('utf8');
    if (!Buffer.from(text).equals(bytes) || unprintable.test(text)) {
      throw new Malformed('not a name');
    }
    return text;
  }
}

export const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

export const orNull = <T>(read: () => T): T | null => {
  try {
    return read();
  } catch (error) {
    if (error instanceof Malformed) return null;
    throw error;
  }
};
