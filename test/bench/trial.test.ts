// Starting and ending servers, with small ones in place of real ones.

import { describe, expect, it } from 'vitest';
import { QUICK } from '../../bench/measure/pace.ts';
import { Rounds } from '../../bench/measure/rounds.ts';
import { withServers } from '../../bench/measure/trial.ts';
import type { SuiteResult } from '../../bench/results.ts';
import type { Contestant, Started } from '../../bench/suites/contestants.ts';

const UNPINNED = { server: undefined, client: undefined };

function serving(name: string, answer: string, ours = true): Contestant {
  const code = `
    require('node:net')
      .createServer((socket) => socket.on('error', () => {}).once('data', () => socket.end(${JSON.stringify(answer)})))
      .listen(Number(process.argv[1]), '127.0.0.1')
  `;
  return { name, ours, command: (port) => [process.execPath, '-e', code, String(port)] };
}

function hello(name: string): Contestant {
  return serving(name, 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nHello1');
}

async function start(contestants: Contestant[], use: (started: Started) => Promise<void>): Promise<void> {
  const result: SuiteResult = { name: 'server', title: '', groups: [], notes: [] };
  const rounds = new Rounds(result, { at: () => {}, stopped: false });
  await withServers(contestants, { rounds, client: undefined, cores: UNPINNED, pace: QUICK }, use);
}

/** Whether a process exists. */
function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('withServers', () => {
  it('starts all servers, in order, and ends them after their use', async () => {
    let pids: number[] = [];
    await start([hello('a'), hello('b')], async ({ servers, missing }) => {
      expect(servers.map(({ contestant }) => contestant.name)).toEqual(['a', 'b']);
      expect(missing).toEqual([]);
      pids = servers.map(({ child }) => child.pid);
      expect(pids.every(lives)).toBe(true);
    });
    expect(pids.some(lives)).toBe(false);
  });

  it('ends them if their use fails', async () => {
    let pid = 0;
    const use = async ({ servers }: Started) => {
      pid = servers[0]?.child.pid as number;
      throw new Error('no use');
    };
    await expect(start([hello('a')], use)).rejects.toThrow('no use');
    expect(lives(pid)).toBe(false);
  });

  it('names missing servers, and continues without them', async () => {
    const absent: Contestant = { ...hello('c'), missing: () => 'not installed' };
    const wrong = serving('b', 'HTTP/1.1 404 Not Found\r\n\r\n', false);
    await start([hello('a'), wrong, absent], async ({ servers, missing }) => {
      expect(servers).toHaveLength(1);
      expect(missing).toEqual(['b: b answers "HTTP/1.1 404 Not Found\\r\\n\\r\\n"', 'c: not installed']);
    });
  });

  it('fails if one of ours answers wrongly or ends', async () => {
    const use = () => Promise.reject(new Error('used'));
    const wrong = serving('b', 'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\nHello1');
    await expect(start([hello('a'), wrong], use)).rejects.toThrow('b answers');
    const ending: Contestant = {
      name: 'c',
      ours: true,
      command: () => [process.execPath, '-e', 'process.exit(3)'],
    };
    await expect(start([hello('a'), ending], use)).rejects.toThrow('c ended by code 3');
  });
});
