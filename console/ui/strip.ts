/**
 * The strip of tabs over pages that belong together. On a phone it is wider than the screen: the tab
 * that one is on is brought into sight, and the page itself does not move.
 */
import { html, nothing, type TemplateResult } from 'lit';
import { ref } from 'lit/directives/ref.js';

export type Tab = { key: string; label: string; href: string };

/** By hand: `scrollIntoView` would move the page as well. */
const showCurrent = (strip: Element): void => {
  const current = strip.querySelector('[aria-current]')?.getBoundingClientRect();
  if (current === undefined) return;
  const { left, width } = strip.getBoundingClientRect();
  strip.scrollLeft += current.left + current.width / 2 - (left + width / 2);
};

/** Told of a strip once it is laid out, and when a phone is turned. */
const sizes = new ResizeObserver((entries) => {
  for (const { target } of entries) showCurrent(target);
});
const observe = (strip: Element | undefined): void => {
  if (strip !== undefined) sizes.observe(strip);
};

export const strip = (label: string, tabs: readonly Tab[], present: string): TemplateResult =>
  html`<nav class="strip" aria-label=${label} ${ref(observe)}>${tabs.map(
    ({ key, label: text, href }) =>
      html`<a href=${href} aria-current=${key === present ? 'page' : nothing}>${text}</a>`,
  )}</nav>`;
