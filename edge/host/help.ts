/** What `signalbeam-agent help` says. Every option of `options.ts` is here; a test compares. */
import { variableOf } from './options.ts';

const lines: Readonly<Record<string, { does: string; options: Readonly<Record<string, string>> }>> =
  {
    register: {
      does: 'Makes this device known to a cloud. An operator may have to approve it.',
      options: {
        url: 'Address of the cloud',
        token: 'Registration token; better given as SIGNALBEAM_TOKEN',
        name: "The device's name; its host name if left out",
        relay: 'host:port of a device of the site, if this one has no uplink',
        state: 'Folder of keys and databases',
      },
    },
    run: {
      does: 'Runs the agent until it is asked to stop.',
      options: {
        state: 'Folder of keys and databases',
        engine: 'auto, docker or podman',
        'engine-socket': "Path of the engine's socket",
        gateway:
          "Whether the site's leaf node runs here: always, never, or auto (the mesh decides)",
        mesh: "host:port for the site's other devices (UDP and TCP), or off",
        'mesh-peers': 'Addresses of other devices of the site, comma-separated',
        relay: 'host:port of a device of the site, while this one waits for approval',
        leaf: "The site's leaf to connect through, nats://host:port",
        'leaf-listen': 'Where the leaf listens (127.0.0.1:4250; beside a mesh, its host)',
        'leaf-tls-cert': "Certificate of the leaf; beside a mesh, the device's own",
        'leaf-tls-key': 'Key of that certificate',
        'nats-server': 'The nats-server program',
        console: "Where the technician's console listens, or off (127.0.0.1:8480)",
        'console-dir': "Folder of the console's pages",
        'console-host': 'Names by which browsers may call the console, comma-separated',
        'heartbeat-ms': 'Between two heartbeats while nothing happens (60000)',
        'metrics-interval-ms': 'Between two samples of the host (15000)',
        'disk-floor-mb': 'No download that leaves less free space (200)',
        'set-clock': 'Raise a clock that is plainly wrong to what the cloud has signed (no)',
        certificate: 'Keep a certificate for mTLS in certificate.pem of the state folder',
        quiet: 'Log to the file only',
      },
    },
    status: {
      does: 'Says how this device is doing.',
      options: { state: 'Folder of keys and databases', json: 'For programs' },
    },
    logs: {
      does: "Shows the agent's log.",
      options: {
        state: 'Folder of keys and databases',
        follow: 'Go on as lines come',
        lines: 'How many of the last lines (50)',
      },
    },
    'console-code': {
      does: "Makes a code to sign in at this device's console.",
      options: { state: 'Folder of keys and databases' },
    },
    hold: {
      does: 'Keeps the agent from changing anything while somebody works at this device.',
      options: {
        state: 'Folder of keys and databases',
        for: 'How long at most: 90m, 4h or 2d (4h)',
        reason: 'What is being done; the operator reads it',
        end: 'Ends the hold',
      },
    },
    version: { does: 'Says which version this is.', options: {} },
  };

export const helpText = (verb: string | undefined): string => {
  const one = verb === undefined ? undefined : lines[verb];
  if (verb === undefined || one === undefined) {
    const verbs = Object.entries(lines).map(([name, { does }]) => `  ${name.padEnd(14)} ${does}`);
    return [
      'Usage: signalbeam-agent <command> [options]',
      '',
      ...verbs,
      '',
      'Options of a command: signalbeam-agent help <command>',
    ].join('\n');
  }
  const options = Object.entries(one.options).map(
    ([name, does]) => `  --${name.padEnd(22)} ${does}  [${variableOf(name)}]`,
  );
  const config =
    verb === 'version'
      ? []
      : [
          `  --${'config'.padEnd(22)} A JSON file (mode 0600) with these options as keys  [SIGNALBEAM_CONFIG]`,
        ];
  return [`Usage: signalbeam-agent ${verb} [options]`, one.does, '', ...options, ...config].join(
    '\n',
  );
};
