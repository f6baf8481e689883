// Setup for the tests that run side by side: a test that opens a socket or starts a process fails, and belongs into another
// project of vitest.config.ts.

import { ChildProcess } from 'node:child_process';
import net from 'node:net';

function refuse(): never {
  throw new Error('a pure test opens no socket and starts no process: move it in vitest.config.ts');
}

Object.assign(net.Socket.prototype, { connect: refuse });
Object.assign(net.Server.prototype, { listen: refuse });
Object.assign(ChildProcess.prototype, { spawn: refuse });
