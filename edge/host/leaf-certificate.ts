/** Files for nats-server, which reads no other way; as private as the identity they come from. */
import { join } from 'node:path';
import { createDeviceCertificate } from '../mesh/certificate.ts';
import { ensurePrivateFolder, writePrivateFile } from '../store/files.ts';

export const writeLeafCertificate = (
  folder: string,
  seed: string,
): { certFile: string; keyFile: string } => {
  ensurePrivateFolder(folder);
  const { certificate, privateKey } = createDeviceCertificate(seed);
  const [certFile, keyFile] = [join(folder, 'device.pem'), join(folder, 'device.key')];
  writePrivateFile(certFile, certificate);
  writePrivateFile(keyFile, privateKey);
  return { certFile, keyFile };
};
