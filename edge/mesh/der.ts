/** A few ASN.1 values in DER, for the two fixed templates that this device writes. Reads nothing. */
const length = (bytes: number): Buffer => {
  if (bytes < 0x80) return Buffer.from([bytes]);
  return bytes < 0x100 ? Buffer.from([0x81, bytes]) : Buffer.from([0x82, bytes >> 8, bytes & 0xff]);
};

export const tags = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  utf8: 0x0c,
  utcTime: 0x17,
  time: 0x18,
  sequence: 0x30,
  set: 0x31,
  dnsName: 0x82,
  version: 0xa0,
  attributes: 0xa0,
  extensions: 0xa3,
} as const;

export const der = (tag: number, ...parts: readonly (Uint8Array | string)[]): Buffer => {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part)));
  return Buffer.concat([Buffer.from([tag]), length(body.byteLength), body]);
};

export const hex = (text: string): Buffer => Buffer.from(text, 'hex');

const commonName = hex('0603550403');
export const nameOf = (text: string): Buffer =>
  der(tags.sequence, der(tags.set, der(tags.sequence, commonName, der(tags.utf8, text))));

export const pem = (label: string, bytes: Uint8Array): string => {
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
};
