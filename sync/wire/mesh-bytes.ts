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
  raw(length: number): Buffer {
    if (length > this.left) throw new Malformed('too short');
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }
  u8(): number {
    return this.raw(1).readUInt8();
  }
  u16(): number {
    return this.raw(2).readUInt16BE();
  }
  u32(): number {
    return this.raw(4).readUInt32BE();
  }
  u48(): number {
    return this.raw(6).readUIntBE(0, 6);
  }
  uuid(): string {
    const hex = this.raw(16).toString('hex');
    const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20)];
    return `${parts.join('-')}-${hex.slice(20)}`;
  }
  /** Printable ASCII only: addresses, names of records, versions, URLs. */
  text(lengthMax: number): string {
    const length = this.u8();
    if (length > lengthMax) throw new Malformed('text too long');
    const text = this.raw(length).toString('latin1');
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
