/**
 * A message that was not really encoded: its content by reference, and the seal of whoever made it.
 * The seal holds for that very content: only a notary makes one, and a changed copy is another
 * content. It has a size, so that slow links and frame limits mean something.
 */
export class Parcel extends Uint8Array {
  type = '';
  content: unknown = null;
  keyId = '';
  /** What was sealed; whoever changes the content on the way cannot change this. */
  sealed: unknown = null;
  sizeBytes = 0;

  override get byteLength(): number {
    return this.sizeBytes;
  }
}

/** FNV-1a over the text: a name for content, cheap and the same in every run. */
export const nameOf = (text: string): string => {
  let hash = 2_166_136_261;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 16_777_619);
  }
  return (Math.imul(hash ^ (hash >>> 15), 0x85ebca6b) >>> 0).toString(16).padStart(8, '0');
};

/** `textLength` is about how long it would be, written out. */
export const parcelOf = (
  type: string,
  content: unknown,
  keyId: string,
  textLength: number,
): Parcel => {
  const parcel = new Parcel(0);
  parcel.type = type;
  parcel.content = content;
  parcel.sealed = content;
  parcel.keyId = keyId;
  parcel.sizeBytes = textLength + 64;
  return parcel;
};
