// The certificate of all servers that speak TLS: self-signed, with a key on the curve P-256, made for one run.

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { isInstalled } from '../measure/children.ts';
import { temporaryFolder } from '../measure/folder.ts';

/** The paths of two PEM files. */
export interface Certificate {
  certificate: string;
  key: string;
}

let made: Certificate | undefined;

/** Returns why there is no certificate, and how to install what makes it; undefined if there is one. */
export function certificateMissing(): string | undefined {
  return isInstalled('openssl') ? undefined : 'openssl is not installed (apt install openssl)';
}

/** Makes the certificate at the first call. @throws Error if openssl fails */
export function certificate(): Certificate {
  made ??= make(temporaryFolder('certificate'));
  return made;
}

function make(folder: string): Certificate {
  const files = { certificate: join(folder, 'certificate.pem'), key: join(folder, 'key.pem') };
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const name = ['-subj', '/CN=localhost', '-days', '1'];
  const output = ['-keyout', files.key, '-out', files.certificate];
  execFileSync('openssl', ['req', '-x509', ...curve, ...name, ...output], { stdio: 'pipe' });
  return files;
}
