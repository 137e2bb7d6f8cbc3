/** How much of one kind goes on here at once: of all tenants together, and of each of them. */
import { refusal } from '@signalbeam/platform/http/problem';

export type AtMost = <T>(tenantId: string, work: () => Promise<T>) => Promise<T>;

/** Refuses what comes while as much goes on; nothing waits here. */
export const atMost = (limits: { max: number; ofOneMax: number; what: string }): AtMost => {
  const { max, ofOneMax, what } = limits;
  const running: string[] = [];
  return async (tenantId, work) => {
    const own = running.filter((each) => each === tenantId).length;
    if (running.length >= max || own >= ofOneMax) {
      const detail = own >= ofOneMax ? `${own} of your ${what}` : `${max} ${what}`;
      throw refusal('too-many-requests', `${detail} already.`, {
        next: 'Send this again in a few seconds.',
      });
    }
    running.push(tenantId);
    try {
      return await work();
    } finally {
      running.splice(running.indexOf(tenantId), 1);
    }
  };
};
