/**
 * Dialogs and drawers are Web Awesome's, loaded when the first one opens. Its icons come from our
 * own origin: the default library would ask a CDN.
 */
import { registerIconLibrary } from '@awesome.me/webawesome/dist/components/icon/library.js';
import close from 'lucide-static/icons/x.svg?url';
import '@awesome.me/webawesome/dist/components/dialog/dialog.js';
import '@awesome.me/webawesome/dist/components/drawer/drawer.js';

for (const library of ['default', 'system']) {
  registerIconLibrary(library, { resolver: () => close });
}
