/** What is not there, in the words of every operation of this service. */
import { refusal } from '@signalbeam/platform/http/problem';

export const noSuchDevice = () => refusal('not-found', 'There is no such device.');
export const noSuchGroup = () => refusal('not-found', 'There is no such group.');
