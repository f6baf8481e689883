// The suite `transfer`: uploads and downloads of 1 MiB, as a whole and as a stream.

import { strongestClient } from '../measure/load.ts';
import { chooseCores, describeCores } from '../measure/machine.ts';
import { atPace, type Pace } from '../measure/pace.ts';
import { Rounds, type Subject, type Values } from '../measure/rounds.ts';
import { loadingSeconds, measureLoad, preparingSeconds, withServers } from '../measure/trial.ts';
import type { Suite } from '../suite.ts';
import { oneWorkerWith, peer, script, serverFile } from './commands.ts';
import type { Server } from './contestants.ts';
import { headOf } from './requests.ts';

const CONTENT_BYTES = 1_048_576;
const CONNECTIONS = 8;

export const TRANSFERRING = [
  oneWorkerWith('hotpath fetch', serverFile('app-transfer')),
  script('node:http', 'transfer-node-http', false),
  peer('hono on node-server', 'transfer-hono', ['hono', '@hono/node-server']),
];

export interface Transfer {
  name: string;
  method: 'GET' | 'POST';
  path: string;
}

export const TRANSFERS: readonly Transfer[] = [
  { name: 'upload, read whole', method: 'POST', path: '/whole' },
  { name: 'upload, read as a stream', method: 'POST', path: '/stream' },
  { name: 'download of bytes', method: 'GET', path: '/whole' },
  { name: 'download of a stream', method: 'GET', path: '/stream' },
];

export const transfer: Suite = {
  name: 'transfer',
  title: 'content of 1 MiB, one worker on one core',
  byDefault: true,
  seconds(pace) {
    const present = TRANSFERRING.filter(({ missing }) => missing?.() === undefined).length;
    const turns = present * transfersAt(pace).length * (1 + pace.loadRounds);
    return preparingSeconds(present, undefined, pace) + turns * turnSeconds(pace);
  },
  async run(result, progress, pace) {
    const cores = chooseCores();
    const client = strongestClient();
    const rounds = new Rounds(result, progress);
    result.notes.push(
      'Upload: 1 MiB with Content-Length; the server answers with the size. It reads by arrayBuffer(), or by `for await` over the body. node:http joins the pieces, or iterates over the request.',
      'Download: 1 MiB from memory, or a stream of 16 pieces of 64 KiB, which is sent in chunks.',
      `Load by ${client}, ${CONNECTIONS} connections. hono on node-server has the same handlers as hotpath.`,
      'CPU a MiB is user and system time of all threads and processes of the server. If the load client was the limit, compare the CPU time, not the throughput.',
      describeCores(cores),
    );
    const field = { rounds, client: undefined, cores, pace };
    await withServers(TRANSFERRING, field, async ({ servers, missing }) => {
      for (const one of transfersAt(pace)) {
        const measure = async (server: Server): Promise<Values> => {
          const load = { ...loadOf(one), seconds: pace.transferSeconds };
          const { requestsPerSecond, cpuMicros, ...others } = await measureLoad(server, client, load, cores);
          return { mebibytesPerSecond: requestsPerSecond, cpuMicrosPerMebibyte: cpuMicros, ...others };
        };
        for (const server of servers) {
          rounds.at(`${one.name}: warming up ${server.contestant.name}`, turnSeconds(pace));
          await rounds.unlessStopped(async () => {
            await check(server.port, one);
            await measure(server);
          });
        }
        const subjects = servers.map((server): Subject => {
          const { name, ours } = server.contestant;
          return { name, ours, measure: () => measure(server) };
        });
        const contest = { name: one.name, measure: 'mebibytesPerSecond', missing, subjects } as const;
        await rounds.run(contest, pace.loadRounds, turnSeconds(pace));
      }
    });
  },
};

/** In a few cases: one way up, and one down. */
function transfersAt(pace: Pace): readonly Transfer[] {
  return atPace(pace, TRANSFERS, [TRANSFERS[0], TRANSFERS[3]] as Transfer[]);
}

function turnSeconds(pace: Pace): number {
  return loadingSeconds(strongestClient(), pace.transferSeconds);
}

function loadOf({ method, path }: Transfer) {
  const contentBytes = method === 'POST' ? CONTENT_BYTES : 0;
  const request = headOf(method, path, contentBytes);
  return { connections: CONNECTIONS, pipelined: 1, request, contentBytes, threads: 1 };
}

/** Checks a server. @throws Error if it has not received a whole upload, or does not send a whole download */
export async function check(port: number, { name, method, path }: Transfer): Promise<void> {
  const upload = method === 'POST' ? { body: new Uint8Array(CONTENT_BYTES) } : {};
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, ...upload });
  const content = Buffer.from(await response.arrayBuffer());
  const bytes = method === 'POST' ? Number(content.toString()) : content.length;
  if (bytes !== CONTENT_BYTES) throw new Error(`${name}: ${response.status}, ${bytes} bytes`);
}
