/**
 * What somebody is writing and has not sent, by the address of the page: it is there again when they come
 * back to it. In memory only, since it may name secrets: gone with the tab, and with who signed in.
 */
export type Draft = { at: number; fields: Readonly<Record<string, string>> };

const drafts = new Map<string, Draft>();

export const draftAt = (address: string): Draft | null => drafts.get(address) ?? null;

export const keepDraft = (address: string, more: Readonly<Record<string, string>>): void => {
  const fields = { ...drafts.get(address)?.fields, ...more };
  drafts.set(address, { at: Date.now(), fields });
};

export const dropDraft = (address: string): void => {
  drafts.delete(address);
};

export const dropAllDrafts = (): void => {
  drafts.clear();
};

/** The browser asks before a tab is closed or loaded anew with something in it. */
export const guardDrafts = (): void => {
  window.addEventListener('beforeunload', (event) => {
    if (drafts.size > 0) event.preventDefault();
  });
};
