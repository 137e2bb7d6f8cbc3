/**
 * The sample application of the demo and of tests: busybox httpd serving one page on port 8080,
 * and a log line now and then. It leaves at once on SIGTERM.
 */
import { type BuiltImage, buildImageTar, type ImageOptions } from './image.ts';

export const samplePort = 8080;

const script = `trap 'echo stopping; exit 0' TERM INT
httpd -p ${samplePort} -h /www
echo "hello $APP_VERSION is serving on port ${samplePort}"
count=0
while :; do
  count=$((count + 1))
  echo "hello $APP_VERSION is alive ($count)"
  sleep "\${LOG_EVERY_SECONDS:-10}" &
  wait $!
done
`;

const page = (version: string) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Hello from SignalBeam Edge</title>
<style>body{font:1.2rem/1.5 system-ui,sans-serif;max-width:40rem;margin:15vh auto;padding:0 1rem}</style>
<h1>Hello, version ${version}</h1>
<p>This page is served by a container that SignalBeam Edge rolled out to this device.</p>
</html>
`;

export const sampleCommand = ['sh', '-c', script] as const;

export const buildSampleImage = (options: {
  version: string;
  name?: string;
  format?: ImageOptions['format'];
}): BuiltImage =>
  buildImageTar({
    name: options.name ?? 'hello',
    tag: options.version,
    files: { '/www/index.html': page(options.version) },
    command: sampleCommand,
    environment: { APP_VERSION: options.version },
    labels: { 'org.opencontainers.image.version': options.version },
    exposedPorts: [samplePort],
    format: options.format ?? 'both',
  });
