/** The engine port's behaviour on a real Docker. */
import { inject } from 'vitest';
import '@signalbeam/launcher/rig/provided';
import { openDocker } from './docker.ts';
import { engineSuite } from './engine.suite.ts';
import { commonEngineSuite } from './engine-common.suite.ts';
import { engineFailuresSuite } from './engine-failures.suite.ts';
import { engineImagesSuite } from './engine-images.suite.ts';
import { engineOutputSuite } from './engine-output.suite.ts';
import { engineProbeSuite } from './engine-probe.suite.ts';
import { type EngineUnderTest, openCommonSite } from './engine-site.suite.ts';

const under: EngineUnderTest = {
  kind: 'docker',
  socketPath: inject('dockerSocket'),
  registryUrl: inject('registryUrl'),
  open: openDocker,
};

commonEngineSuite(under.kind, () => openCommonSite(under));
engineSuite(under);
engineImagesSuite(under);
engineOutputSuite(under);
engineFailuresSuite(under);
engineProbeSuite(under);
