#!/usr/bin/env node
/** The operator's commands alone, against any cloud by its URL. The only reader of the environment here. */
import { run } from './run.ts';
import { processSurroundings } from './surroundings.ts';

const surroundings = processSurroundings(process, 'signalbeam', process.env);
process.exitCode = await run(process.argv.slice(2), surroundings);
