// Load on a server that may end at any moment: keep-alive connections, each with pipelined requests for numbers. A number
// counts when its response has come whole.

import net from 'node:net';

export interface Load {
  /** Stops sending requests, and resolves when none is under way or every connection has ended. */
  stop(): Promise<void>;
  /** Resolves when the other side has ended every connection. */
  ended: Promise<void>;
  responses: number;
  /** Counts responses without a number, since no number was leased. */
  exhausted: number;
}

const REQUEST_COUNT = 16;
/** Pause before the next request after a response without a number. */
const RETRY_MS = 10;

/**
 * @param targets request targets, used in turn
 * @param take called with each number and the target that was requested
 */
export function startLoad(
  port: number,
  connections: number,
  targets: readonly string[],
  take: (target: string, number: number) => void,
): Load {
  let stopping = false;
  const load: Load = { stop: async () => {}, ended: Promise.resolve(), responses: 0, exhausted: 0 };
  const sockets = Array.from({ length: connections }, () => {
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
    const asked: string[] = [];
    let received = '';
    const ask = (): void => {
      const batch = Array.from({ length: REQUEST_COUNT }, (_, i) => targets[i % targets.length] as string);
      asked.push(...batch);
      socket.write(batch.map((target) => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`).join(''));
    };
    socket.setEncoding('latin1');
    socket.on('connect', ask);
    socket.on('error', () => {});
    socket.on('data', (text: string) => {
      received += text;
      let at = 0;
      const { exhausted } = load;
      for (let found = next(received, at); found !== undefined; found = next(received, at)) {
        at = found.end;
        load.responses++;
        const target = asked.shift() as string;
        if (found.status === 503) load.exhausted++;
        else if (found.status !== 200) throw new Error(`${found.status} for ${target}`);
        else if (/^(?:Hello)?\d+$/.test(found.content))
          take(target, Number(found.content.replace('Hello', '')));
      }
      received = received.slice(at);
      if (asked.length > 0) return;
      if (stopping) socket.end();
      else if (load.exhausted === exhausted) ask();
      else setTimeout(ask, RETRY_MS);
    });
    return { socket, asked };
  });
  load.ended = Promise.all(
    sockets.map(({ socket }) => new Promise<void>((resolve) => socket.once('close', () => resolve()))),
  ).then(() => {});
  load.stop = () => {
    stopping = true;
    return load.ended;
  };
  return load;
}

interface Found {
  status: number;
  content: string;
  end: number;
}

/** Returns the response that begins at `at`, if it is whole. */
function next(text: string, at: number): Found | undefined {
  const headEnd = text.indexOf('\r\n\r\n', at);
  if (headEnd < 0) return undefined;
  const head = text.slice(at, headEnd);
  const status = Number(head.slice(9, 12));
  const length = Number(/\r\nContent-Length: (\d+)/i.exec(head)?.[1] ?? 0);
  const end = headEnd + 4 + length;
  return end > text.length ? undefined : { status, content: text.slice(headEnd + 4, end), end };
}
