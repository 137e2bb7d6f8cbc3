/** Runs bundle-orchestrator alone, as one process among the services. */
import { runService } from '@signalbeam/platform/run';
import { createService } from './service.ts';

await runService(process.env, 'bundle-orchestrator', createService);
