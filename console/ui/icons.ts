/**
 * Icons: lucide's, inlined at build time, so no request leaves the page. Purely decorative: the
 * text beside one (or the control's label) carries the meaning.
 */
import { html, type TemplateResult } from 'lit';
import { unsafeSVG } from 'lit/directives/unsafe-svg.js';
import activity from 'lucide-static/icons/activity.svg?raw';
import arrowLeft from 'lucide-static/icons/arrow-left.svg?raw';
import bell from 'lucide-static/icons/bell.svg?raw';
import box from 'lucide-static/icons/box.svg?raw';
import check from 'lucide-static/icons/check.svg?raw';
import chevronRight from 'lucide-static/icons/chevron-right.svg?raw';
import circleAlert from 'lucide-static/icons/circle-alert.svg?raw';
import user from 'lucide-static/icons/circle-user-round.svg?raw';
import clock from 'lucide-static/icons/clock.svg?raw';
import cloud from 'lucide-static/icons/cloud.svg?raw';
import cpu from 'lucide-static/icons/cpu.svg?raw';
import fileText from 'lucide-static/icons/file-text.svg?raw';
import info from 'lucide-static/icons/info.svg?raw';
import keyboard from 'lucide-static/icons/keyboard.svg?raw';
import layers from 'lucide-static/icons/layers.svg?raw';
import lock from 'lucide-static/icons/lock.svg?raw';
import logOut from 'lucide-static/icons/log-out.svg?raw';
import menu from 'lucide-static/icons/menu.svg?raw';
import monitor from 'lucide-static/icons/monitor.svg?raw';
import moon from 'lucide-static/icons/moon.svg?raw';
import plus from 'lucide-static/icons/plus.svg?raw';
import refresh from 'lucide-static/icons/refresh-cw.svg?raw';
import rocket from 'lucide-static/icons/rocket.svg?raw';
import router from 'lucide-static/icons/router.svg?raw';
import search from 'lucide-static/icons/search.svg?raw';
import server from 'lucide-static/icons/server.svg?raw';
import sun from 'lucide-static/icons/sun.svg?raw';
import trash from 'lucide-static/icons/trash-2.svg?raw';
import alert from 'lucide-static/icons/triangle-alert.svg?raw';
import upload from 'lucide-static/icons/upload.svg?raw';
import x from 'lucide-static/icons/x.svg?raw';

const drawings = {
  activity,
  alert,
  arrowLeft,
  bell,
  box,
  check,
  chevronRight,
  circleAlert,
  clock,
  cloud,
  cpu,
  fileText,
  info,
  keyboard,
  layers,
  lock,
  logOut,
  menu,
  monitor,
  moon,
  plus,
  refresh,
  rocket,
  router,
  search,
  server,
  sun,
  trash,
  upload,
  user,
  x,
};
export type IconName = keyof typeof drawings;

/** Only what is inside lucide's <svg>: ours sets size, class and that it is decoration. */
const inside = (svg: string): string =>
  svg.slice(svg.indexOf('>', svg.indexOf('<svg')) + 1, svg.lastIndexOf('</svg>'));
const shapes = Object.fromEntries(
  Object.entries(drawings).map(([name, svg]) => [name, inside(svg)]),
) as Record<IconName, string>;

export const icon = (name: IconName): TemplateResult => html`<svg class="icon" viewBox="0 0 24 24"
  fill="none" stroke="currentColor" stroke-linecap="round" stroke-linejoin="round"
  aria-hidden="true">${unsafeSVG(shapes[name])}</svg>`;
