// Starts a Redis, two servers, and an nginx in front of them, all on this machine. It needs
// redis-server, nginx and `npm i redis`. README.md in this folder says what to try. Start it with
//   node examples/machines/start.js
// Ctrl-C ends all of them. The first port is 8080, or the first argument.

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const first = Number(process.argv[2] ?? 8080);
const [nginxPort, ...serverPorts] = [first, first + 1, first + 2];
const redisPort = first + 3;
const folder = mkdtempSync(join(tmpdir(), 'hotpath-machines-'));
const children = [];

const redisArguments = ['--port', String(redisPort), '--dir', folder, '--bind', '127.0.0.1'];
// Redis must write a number to its disk before it confirms it.
redisArguments.push('--appendonly', 'yes', '--appendfsync', 'always', '--loglevel', 'warning');

function run(name, command, args, environment, ended = () => end(`${name} has ended`)) {
  const child = spawn(command, args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...environment },
  });
  child.on('error', (error) => end(`${name}: ${error.message}`));
  child.on('exit', ended);
  children.push(child);
}

async function untilListening(port) {
  for (;;) {
    const socket = net.connect(port, '127.0.0.1');
    const listens = await new Promise((resolve) => {
      socket.on('connect', () => resolve(true));
      socket.on('error', () => resolve(false));
    });
    socket.destroy();
    if (listens) return;
    await sleep(50);
  }
}

let ending = false;
async function end(reason) {
  if (ending) return;
  ending = true;
  if (reason !== undefined) console.error(reason);
  const living = children.filter(
    ({ exitCode, signalCode, pid }) => pid && exitCode === null && signalCode === null,
  );
  const ended = living.map((child) => new Promise((resolve) => child.on('exit', resolve)));
  for (const child of living) child.kill('SIGTERM');
  await Promise.all(ended);
  rmSync(folder, { recursive: true, force: true });
  process.exit(reason === undefined ? 0 : 1);
}
process.on('SIGINT', () => end());
process.on('SIGTERM', () => end());

run('Redis', 'redis-server', redisArguments, {}, () => {
  if (!ending) console.error(`Redis has ended. To start it again: redis-server ${redisArguments.join(' ')}`);
});
await untilListening(redisPort);
for (const port of serverPorts)
  run(
    `The server on ${port}`,
    process.execPath,
    [
      here('../../dist/cli.js'),
      here('app.js'),
      '--port',
      String(port),
      '--trust-proxy',
      '1',
      '--redis',
      `redis://127.0.0.1:${redisPort}`,
    ],
    { SERVER_NAME: `server on ${port}` },
  );
await Promise.all(serverPorts.map(untilListening));
const conf = [nginxPort, ...serverPorts].reduce(
  (text, port, i) => text.replaceAll(`PORT_${i}`, String(port)),
  readFileSync(here('nginx.conf'), 'utf8'),
);
writeFileSync(join(folder, 'nginx.conf'), conf);
run('nginx', 'nginx', ['-p', folder, '-c', 'nginx.conf', '-e', 'stderr'], {});
await untilListening(nginxPort);
console.log(`All servers are running: http://127.0.0.1:${nginxPort}/`);
