// The folder that nginx runs in: its configuration, and where it puts what it needs. It answers as the
// others do, without a file: a fixed text.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** @returns the folder; it goes when this process does */
export function writeNginxFolder(port: number): string {
  const folder = mkdtempSync(join(tmpdir(), 'hotpath-nginx-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'nginx.conf'), configuration(port));
  return folder;
}

/** One worker, as all others have; connections stay open, as theirs do. */
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
