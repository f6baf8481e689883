// The commands that start the servers of the suites.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { EngineName } from '#dist/protocol/codec.js';
import { isInstalled } from '../measure/children.ts';
import { certificate, certificateMissing } from './certificate.ts';
import type { Contestant } from './contestants.ts';
import { buildLimit, limitMissing } from './limit.ts';
import { writeNginxFolder } from './nginx.ts';
import { hasPeer, INSTALL_PEERS, PEERS_FOLDER } from './peers.ts';

/** hotpath itself, with these options. */
export function hotpath(name: string, ...options: string[]): Contestant {
  return {
    name,
    ours: true,
    command: (port) => [
      process.execPath,
      'dist/cli.js',
      '--port',
      String(port),
      '--log',
      'silent',
      ...options,
    ],
  };
}

let help: string | undefined;

/** Returns hotpath's --help, which shows what is built into it. */
export function hotpathHelp(): string {
  help ??= spawnSync(process.execPath, ['dist/cli.js', '--help'], { encoding: 'utf8' }).stdout;
  return help;
}

export function oneWorker(name: string, engine: EngineName): Contestant {
  return hotpath(name, '--workers', '1', '--engine', engine);
}

/** hotpath with one worker and an application. @param file of the application's module */
export function oneWorkerWith(name: string, file: string): Contestant {
  return hotpath(name, file, '--workers', '1');
}

/** A script of bench/servers/, whose argument is the port. */
export function script(name: string, file: string, ours: boolean): Contestant {
  const path = serverFile(file);
  return { name, ours, command: (port) => [process.execPath, path, String(port)] };
}

/** Returns the path of a built module of bench/servers/. */
export function serverFile(name: string): string {
  return fileURLToPath(new URL(`../servers/${name}.js`, import.meta.url));
}

/** A script of bench/peers/, whose argument is the port, and the packages that it needs. */
export function peer(
  name: string,
  file: string,
  packages: readonly string[],
  install = INSTALL_PEERS,
): Contestant {
  return {
    name,
    ours: false,
    command: (port) => [process.execPath, `${PEERS_FOLDER}/${file}.js`, String(port)],
    missing: () => (packages.every(hasPeer) ? undefined : install),
  };
}

export const FETCH = oneWorkerWith('hotpath fetch', serverFile('app-fetch'));
/** An ordinary Hono application, whose Hono comes from bench/peers/. */
export const HONO_ON_HOTPATH: Contestant = {
  ...oneWorkerWith('hono on hotpath', `${PEERS_FOLDER}/hono-app.js`),
  missing: () => (hasPeer('hono') ? undefined : INSTALL_PEERS),
};

export const NODE_HTTP = script('node:http', 'node-http', false);
export const FASTIFY = peer('fastify', 'fastify', ['fastify']);
export const HONO_ON_NODE = peer('hono on node-server', 'hono', ['hono', '@hono/node-server']);
export const SRVX = peer('srvx', 'srvx', ['srvx']);
export const UWEBSOCKETS = peer(
  'uWebSockets.js',
  'uwebsockets',
  ['uWebSockets.js'],
  'not installed (npm i --prefix bench/peers --no-save uNetworking/uWebSockets.js#v20.52.0)',
);

export const BUN: Contestant = {
  name: 'Bun',
  ours: false,
  command: (port) => ['bun', `${PEERS_FOLDER}/bun.js`, String(port)],
  missing: () => (isInstalled('bun') ? undefined : 'not installed (npm i -g bun)'),
};

export const NGINX: Contestant = {
  name: 'nginx',
  ours: false,
  command: (port) => nginx(writeNginxFolder(port)),
  missing: () => (isInstalled('nginx') ? undefined : 'not installed (apt install nginx-light)'),
};

export const LIMIT: Contestant = {
  name: 'limit (C, epoll)',
  ours: false,
  command: (port) => [buildLimit(), String(port)],
  missing: limitMissing,
};

/* The same servers over TLS. */

/** Arguments that give a server its certificate. */
type TlsArguments = (certificate: string, key: string) => readonly string[];

const BESIDE_PORT: TlsArguments = (file, key) => [file, key];
const OPTIONS: TlsArguments = (file, key) => ['--tls-cert', file, '--tls-key', key];

/** Returns a server over TLS, whose command has these arguments, too. */
function overTls(plain: Contestant, args: TlsArguments): Contestant {
  return {
    ...plain,
    secure: true,
    command: (port) => {
      const { certificate: file, key } = certificate();
      return [...plain.command(port), ...args(file, key)];
    },
    missing: () => plain.missing?.() ?? certificateMissing(),
  };
}

export const HOTPATH_TLS = overTls(oneWorker('hotpath wasm', 'wasm'), OPTIONS);
export const FETCH_TLS = overTls(FETCH, OPTIONS);
export const NODE_HTTPS: Contestant = { ...overTls(NODE_HTTP, BESIDE_PORT), name: 'node:https' };
export const BUN_TLS = overTls(BUN, BESIDE_PORT);

export const NGINX_TLS: Contestant = {
  ...overTls(NGINX, () => []),
  command: (port) => nginx(writeNginxFolder(port, { certificate: certificate() })),
};

/* The same servers with HTTP/2 over TLS. */

const HTTP2_OPTIONS: TlsArguments = (...files) => [...OPTIONS(...files), '--http2'];

export const HOTPATH_HTTP2 = overTls(oneWorker('hotpath wasm', 'wasm'), HTTP2_OPTIONS);
export const FETCH_HTTP2 = overTls(FETCH, HTTP2_OPTIONS);
export const NODE_HTTP2 = overTls(script('node:http2', 'node-http2', false), BESIDE_PORT);

export const NGINX_HTTP2: Contestant = {
  ...NGINX_TLS,
  command: (port) => nginx(writeNginxFolder(port, { certificate: certificate(), http2: true })),
};

function nginx(folder: string): string[] {
  return ['nginx', '-p', folder, '-c', 'nginx.conf', '-e', 'stderr'];
}
