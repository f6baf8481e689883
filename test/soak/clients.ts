// Clients that ask one request after the other and account for each: answered, cut while the request was under way, refused a
// connection, or answered wrongly.

import net from 'node:net';

export interface Account {
  answered: number;
  /** Connections that ended while a request was under way, since their server process or thread has died. */
  cut: number;
  /** Connections that could not be made. */
  refused: number;
  /** Answers other than the expected one, each once. */
  wrong: Set<string>;
}

/** `kept`: as many requests on a connection as its server allows. `single`: a connection for each request. */
export type Habit = 'kept' | 'single';

export interface Clients {
  account: Account;
  /** Lets the requests under way finish, and closes the connections. */
  stop(): Promise<void>;
}

/** A client whose connections are all refused must not keep a core busy. */
const REFUSED_PAUSE_MS = 5;

/** Starts clients, which ask for / and expect a 200 until they are stopped. */
export function startClients(port: number, count: number, habit: Habit): Clients {
  const account: Account = { answered: 0, cut: 0, refused: 0, wrong: new Set() };
  let stopping = false;
  const client = async (): Promise<void> => {
    while (!stopping) {
      const kept = await converse(port, habit, account, () => stopping);
      if (!kept) await new Promise((resolve) => setTimeout(resolve, REFUSED_PAUSE_MS));
    }
  };
  const clients = Promise.all(Array.from({ length: count }, client));
  return {
    account,
    stop: async () => {
      stopping = true;
      await clients;
    },
  };
}

/** Asks on one connection until it ends. @returns false if no connection was made */
function converse(port: number, habit: Habit, account: Account, stopping: () => boolean): Promise<boolean> {
  const request = `GET / HTTP/1.1\r\nHost: a\r\n${habit === 'single' ? 'Connection: close\r\n' : ''}\r\n`;
  return new Promise((resolve) => {
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
    let connected = false;
    let waiting = false;
    let received = '';
    const ask = (): void => {
      waiting = true;
      received = '';
      socket.write(request);
    };
    socket.setEncoding('latin1');
    socket.on('connect', () => {
      connected = true;
      ask();
    });
    socket.on('data', (text: string) => {
      received += text;
      const headEnd = received.indexOf('\r\n\r\n') + 4;
      const head = received.slice(0, headEnd);
      const length = Number(/\r\nContent-Length: (\d+)/i.exec(head)?.[1]);
      if (headEnd < 4 || received.length < headEnd + length) return;
      waiting = false;
      if (head.startsWith('HTTP/1.1 200 ')) account.answered++;
      else account.wrong.add(received);
      if (habit === 'single') return;
      if (stopping()) socket.end();
      // The server closes this connection: a request on it would get no answer.
      else if (!/\r\nConnection: close\r\n/i.test(head)) ask();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      if (!connected) account.refused++;
      else if (waiting) account.cut++;
      resolve(connected);
    });
  });
}
