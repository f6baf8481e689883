// The folder in which nginx runs, with its configuration and its temporary files. nginx answers with a fixed text
// from its configuration, not from a file.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Writes the folder. @returns its path; it is removed when this process ends */
export function writeNginxFolder(port: number): string {
  const folder = mkdtempSync(join(tmpdir(), 'hotpath-nginx-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'nginx.conf'), configuration(port));
  return folder;
}

/** One worker, and connections that stay open, as with all other servers. */
function configuration(port: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
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
    listen 127.0.0.1:${port} backlog=4096;
    location / { return 200 Hello1; }
  }
}
`;
}
