/**
 * A form that was sent is not sent again until it is answered, and shows meanwhile that it was: on a slow
 * line a second press would make a second token or a second invitation. For all forms of the page.
 */
import { whenWritten } from '../data/writes.ts';

const busy = 'aria-busy';

const onSubmit = (event: SubmitEvent): void => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement)) return;
  if (form.getAttribute(busy) === 'true') {
    event.preventDefault();
    event.stopImmediatePropagation();
    return;
  }
  form.setAttribute(busy, 'true');
  // By then its own handler has asked for what it asks for.
  setTimeout(() => {
    void whenWritten().then(() => form.removeAttribute(busy));
  });
};

export const guardForms = (): void => {
  document.addEventListener('submit', onSubmit, { capture: true });
};
