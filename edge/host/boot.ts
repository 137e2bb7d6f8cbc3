/** Which boot of the machine this is: reports of before and after a power cut are told apart by it. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** The kernel's boot id where it has one, else one of this process. */
export const readBootId = (): string => {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim().slice(0, 64);
  } catch {
    return randomUUID();
  }
};
