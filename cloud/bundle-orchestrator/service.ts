/**
 * bundle-orchestrator: uploaded images, bundles and their signed versions, what is wanted of each
 * device, and rollouts. Puts the routes on one application; its loops copy desired states to the
 * hub and move rollouts as devices report.
 */
import { createReach } from '@signalbeam/platform/outside/reach';
import type { Platform, Service } from '@signalbeam/platform/service';
import { addArtifactRoutes, streamedPaths } from './api/artifacts.ts';
import { addBundleLifeRoutes } from './api/bundle-lives.ts';
import { addBundleRoutes } from './api/bundles.ts';
import { addComposeRoutes } from './api/compose.ts';
import { addDesiredRoutes } from './api/desired.ts';
import { addImageTagRoutes } from './api/image-tags.ts';
import { addLinkRoutes } from './api/links.ts';
import type { Parts } from './api/parts.ts';
import { addPolicyRoutes } from './api/policy.ts';
import { addRolloutSettingsRoutes } from './api/rollout-settings.ts';
import { addRolloutRoutes } from './api/rollouts.ts';
import { addSecretRoutes } from './api/secrets.ts';
import { addUploadRoutes, partPaths } from './api/uploads.ts';
import { addVersionDiffRoutes } from './api/version-diff.ts';
import { addVersionRoutes } from './api/versions.ts';
import { sweepSpool } from './artifacts/spool.ts';
import { startSweepingBlobs } from './artifacts/sweep-blobs.ts';
import { startSweepingUploads } from './artifacts/sweep-uploads.ts';
import { createUploader } from './artifacts/upload.ts';
import { createPartUploads } from './artifacts/upload-parts.ts';
import { policyOf } from './core/policy.ts';
import { startNamingWindows } from './desired/name-windows.ts';
import { startSigningAgain } from './desired/sign-again.ts';
import { type Publisher, startPublisher } from './publish/publisher.ts';
import { startForgetting } from './rollouts/forget.ts';
import { startListening } from './rollouts/listen.ts';
import { startSealingAgain } from './secrets/seal-again.ts';
import { countRollouts } from './store/rollouts.ts';

export const createService = (platform: Platform): Service => {
  const { config, pools, keyring, blobs, cloud, log, now } = platform;
  let publisher: Publisher | null = null;
  const onChanged = (): void => publisher?.nudge();
  const upload = createUploader({ pool: pools.api, blobs, spoolFolder: config.spoolDir });
  const { staging } = platform;
  const parts: Parts = {
    pool: pools.api,
    keyring,
    blobs,
    aside: platform.aside,
    kek: platform.kek,
    links: platform.links,
    publicUrl: config.publicUrl,
    now,
    onChanged,
    policy: policyOf(config),
    registryReach: createReach(config.publicUrl, config.registryNetworks),
    upload,
    uploads: createPartUploads({ pool: pools.api, system: pools.system, staging, upload, now }),
  };
  const app = platform.createApi({ streamedPaths: [...streamedPaths, ...partPaths] });
  for (const addRoutes of [
    addArtifactRoutes,
    addUploadRoutes,
    addLinkRoutes,
    addBundleRoutes,
    addBundleLifeRoutes,
    addVersionRoutes,
    addVersionDiffRoutes,
    addComposeRoutes,
    addImageTagRoutes,
    addPolicyRoutes,
    addSecretRoutes,
    addDesiredRoutes,
    addRolloutRoutes,
    addRolloutSettingsRoutes,
  ]) {
    addRoutes(app, parts);
  }
  platform.metrics.counted('signalbeam_rollouts', 'Rollouts by status', 'status', () =>
    countRollouts(pools.system),
  );
  let running: { stop: () => Promise<void> }[] = [];
  platform.streams.onMade('KV_desired', () => publisher?.check());
  return {
    name: 'bundle-orchestrator',
    app,
    start: async () => {
      await sweepSpool(config.spoolDir, now());
      publisher = startPublisher({ cloud, pool: pools.system, log });
      running = [
        publisher,
        startListening({ cloud, pools, keyring, log, now, onChanged }),
        startForgetting(platform),
        startSigningAgain({ pools, keyring, now, log, onChanged }),
        startSweepingUploads({ pools, staging, now, log }),
        startSweepingBlobs({ pools, blobs, now, log }),
        startNamingWindows({ pools, keyring, now, log, onChanged }),
        startSealingAgain({ pools, keyring, now, log, onChanged }),
      ];
    },
    stop: async () => {
      await Promise.all(running.map((part) => part.stop()));
      running = [];
      publisher = null;
    },
  };
};
