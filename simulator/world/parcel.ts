/**
 * A message that was not really encoded: its content by reference, who sealed it, and a keyed hash
 * over the content. It has a size, so that slow links and frame limits mean something.
 */
export class Parcel extends Uint8Array {
  type = '';
  content: unknown = null;
  keyId = '';
  tag = 0;
  sizeBytes = 0;

  override get byteLength(): number {
    return this.sizeBytes;
  }
}

/** FNV-1a over the text from a secret start: whoever does not know the secret can't make it. */
export const keyedHash = (secret: number, text: string): number => {
  let hash = 2_166_136_261 ^ secret;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 16_777_619);
  }
  return Math.imul(hash ^ (hash >>> 15), 0x85ebca6b) ^ secret;
};

export const parcelOf = (
  type: string,
  content: unknown,
  by: { keyId: string; secret: number },
  text: string,
): Parcel => {
  const parcel = new Parcel(0);
  parcel.type = type;
  parcel.content = content;
  parcel.keyId = by.keyId;
  parcel.tag = keyedHash(by.secret, text);
  parcel.sizeBytes = text.length + 64;
  return parcel;
};
