/**
 * Under which name an uploaded image is kept: the one the uploader asks for, else the first usable
 * one in the archive. Its tags are remembered for people; nothing is ever resolved by tag. Pure.
 */
import { parseImageTag } from './image-name.ts';

const tagsMax = 32;

/** Null when there is no usable name: then the uploader has to give one. */
export const nameImage = (
  image: { names: readonly string[]; bareTags: readonly string[] },
  asked: string | null,
): { name: string; tags: string[] } | null => {
  const parsed = image.names.flatMap((text) => parseImageTag(text) ?? []);
  const name = asked ?? parsed[0]?.name;
  if (name === undefined) return null;
  const ofName = parsed.filter((tagged) => asked !== null || tagged.name === name);
  const tags = [...ofName.flatMap(({ tag }) => tag ?? []), ...image.bareTags];
  return { name, tags: [...new Set(tags)].slice(0, tagsMax) };
};
