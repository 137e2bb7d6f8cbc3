/** Composition root of the operator's console: builds the API client and the live line, mounts the shell. */
import '../ui/tokens.css';
import '../ui/base.css';
import '../ui/blocks.css';
import '../ui/controls.css';
import '../ui/toasts.ts';
import './operator.css';
import './fleet.css';
import { createFleetApi } from '../data/fleet-api.ts';
import { createRenewal } from '../data/renew.ts';
import { createAsk } from '../data/request.ts';
import { createStream } from '../data/stream.ts';
import { applyTheme, readTheme } from '../ui/theme.ts';
import { OperatorShell } from './shell.ts';

applyTheme(readTheme());

const shell = new OperatorShell();
const renew = createRenewal();
shell.api = createFleetApi(createAsk({ onSignedOut: () => shell.signedOut(), renew }));
shell.openStream = () => createStream('/api/stream', renew);
document.body.append(shell);
