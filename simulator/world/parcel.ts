/**
 * A message that was not really encoded: its content by reference, and the seal of whoever made it.
 * The seal holds for that very content: only a notary makes one, and a changed copy is another
 * content. It has a size, so that slow links and frame limits mean something.
 */
/** Shared by all: none of them has bytes. */
const nothing = new ArrayBuffer(0);

export class Parcel extends Uint8Array {
  readonly type: string;
  readonly content: unknown;
  readonly keyId: string;
  /** What was sealed; whoever changes the content on the way cannot change this. */
  readonly sealed: unknown;
  readonly sizeBytes: number;

  constructor(said: Pick<Parcel, 'type' | 'content' | 'keyId' | 'sealed' | 'sizeBytes'>) {
    super(nothing);
    this.type = said.type;
    this.content = said.content;
    this.keyId = said.keyId;
    this.sealed = said.sealed;
    this.sizeBytes = said.sizeBytes;
  }

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
): Parcel => new Parcel({ type, content, keyId, sealed: content, sizeBytes: textLength + 64 });
