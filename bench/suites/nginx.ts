// The folder in which nginx runs, with its configuration and its temporary files. nginx answers with a fixed text
// from its configuration, not from a file.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../measure/folder.ts';
import type { Certificate } from './certificate.ts';

export interface NginxTls {
  certificate: Certificate;
  http2?: boolean;
}

/** Writes the folder. @returns its path; it is removed when this process ends */
export function writeNginxFolder(port: number, tls?: NginxTls): string {
  const folder = temporaryFolder('nginx');
  writeFileSync(join(folder, 'nginx.conf'), configuration(port, tls));
  return folder;
}

/** One worker, and connections that stay open, as with all other servers. */
function configuration(port: number, tls: NginxTls | undefined): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const listening = tls === undefined ? '' : ` ssl${tls.http2 ? ' http2' : ''}`;
  const ssl =
    tls === undefined
      ? []
      : [
          'ssl_protocols TLSv1.2 TLSv1.3;',
          `ssl_certificate ${tls.certificate.certificate};`,
          `ssl_certificate_key ${tls.certificate.key};`,
        ];
  return `daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr crit;
events { worker_connections 2048; }
http {
  access_log off;
  keepalive_requests 1000000000;
  default_type text/plain;
${temporary.map((name) => `  ${name}_temp_path ${name};`).join('\n')}
  server {
    listen 127.0.0.1:${port}${listening} backlog=4096;
${ssl.map((line) => `    ${line}\n`).join('')}    location / { return 200 Hello1; }
  }
}
`;
}
