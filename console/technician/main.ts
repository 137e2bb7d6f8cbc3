/** Composition root of the technician's console: themes, then the one page. */
import '../ui/tokens.css';
import '../ui/base.css';
import '../ui/blocks.css';
import '../ui/controls.css';
import '../ui/toasts.ts';
import './technician.css';
import { guardForms } from '../ui/busy-forms.ts';
import { applyTheme, readTheme } from '../ui/theme.ts';
import './device-panel.ts';

applyTheme(readTheme());
guardForms();
document.body.append(document.createElement('device-panel'));
