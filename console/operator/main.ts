/** Composition root of the operator's console: builds the API client and the live line, mounts the shell. */
import '../ui/tokens.css';
import '../ui/base.css';
import '../ui/blocks.css';
import '../ui/controls.css';
import '../ui/toasts.ts';
import './operator.css';
import './fleet.css';
import { guardDrafts } from '../data/drafts.ts';
import { createFleetApi } from '../data/fleet-api.ts';
import { createRenewal } from '../data/renew.ts';
import { createAsk } from '../data/request.ts';
import { createStream } from '../data/stream.ts';
import { guardForms } from '../ui/busy-forms.ts';
import { applyTheme, readTheme } from '../ui/theme.ts';
import { OperatorShell } from './shell.ts';

applyTheme(readTheme());
guardForms();
guardDrafts();

const shell = new OperatorShell();
const renew = createRenewal();
shell.api = createFleetApi(createAsk({ onSignedOut: () => shell.sessionEnded(), renew }));
shell.openStream = () => createStream('/api/stream', renew, () => shell.sessionEnded());
document.body.append(shell);
