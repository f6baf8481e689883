// Hundreds of conversations that each carry a tag in targets, fields, contents and trailers, sent over as many
// connections, in parts that are cut and interleaved at random. No response may carry another conversation's tag.

import fc from 'fast-check';
import { expect } from 'vitest';
import { type Client, connect, sleep } from './client.ts';
import { type Response, readResponses } from './responses.ts';

export interface Tagged {
  tag: string;
  /** Latin-1. */
  input: string;
  parts: string[];
  targets: string[];
  statuses: number[];
  heads: Set<number>;
  end: 'closed' | 'open' | 'unfinished';
}

type Message = (target: string, tag: string) => string;

const line = (method: string, target: string, tag: string): string =>
  `${method} ${target} HTTP/1.1\r\nHost: ${tag}\r\nX-${tag}: ${tag}\r\n`;

const GOOD: Record<string, Message> = {
  GET: (target, tag) => `${line('GET', target, tag)}\r\n`,
  HEAD: (target, tag) => `${line('HEAD', target, tag)}\r\n`,
  'large head': (target, tag) => `${line('GET', target, tag)}Cookie: ${`${tag};`.repeat(100)}\r\n\r\n`,
  length: (target, tag) => {
    const content = tag.repeat(20);
    return `${line('POST', target, tag)}Content-Length: ${content.length}\r\n\r\n${content}`;
  },
  chunked: (target, tag) => {
    const chunk = `${tag.length.toString(16)};${tag}\r\n${tag}\r\n`;
    return `${line('PUT', target, tag)}Transfer-Encoding: chunked\r\n\r\n${chunk.repeat(5)}0\r\nT-${tag}: ${tag}\r\n\r\n`;
  },
};

/** The end of a conversation: the last request, the status of its response, and the side that closes. */
const ENDINGS: Record<string, { message: Message; status: number; end: Tagged['end'] }> = {
  open: { message: GOOD.GET as Message, status: 200, end: 'open' },
  close: {
    message: (target, tag) => `${line('GET', target, tag)}Connection: close\r\n\r\n`,
    status: 200,
    end: 'closed',
  },
  'two hosts': {
    message: (target, tag) => `${line('GET', target, tag)}Host: ${tag}\r\n\r\n`,
    status: 400,
    end: 'closed',
  },
  'too large': {
    message: (target, tag) => `${line('POST', target, tag)}Content-Length: 999999999\r\n\r\n`,
    status: 413,
    end: 'closed',
  },
  coding: {
    message: (target, tag) => `${line('POST', target, tag)}Transfer-Encoding: ${tag}, chunked\r\n\r\n`,
    status: 501,
    end: 'closed',
  },
  expectation: {
    message: (target, tag) => `${line('POST', target, tag)}Expect: ${tag}\r\n\r\n`,
    status: 417,
    end: 'closed',
  },
  version: {
    message: (target) => `GET ${target} HTTP/3.1\r\n`,
    status: 505,
    end: 'closed',
  },
  'half a head': { message: (target, tag) => line('GET', target, tag), status: 400, end: 'unfinished' },
  'half a content': {
    message: (target, tag) => `${line('POST', target, tag)}Content-Length: 1000\r\n\r\n${tag}`,
    status: 400,
    end: 'unfinished',
  },
};

const recipe = fc.record({
  kinds: fc.array(fc.constantFrom(...Object.keys(GOOD)), { minLength: 1, maxLength: 5 }),
  ending: fc.constantFrom(...Object.keys(ENDINGS)),
  cuts: fc.array(fc.nat(100_000), { minLength: 2, maxLength: 12 }),
});

/** Makes `count` conversations: the same conversations for the same seed. */
export function taggedConversations(count: number, seed: number): Tagged[] {
  return fc.sample(recipe, { numRuns: count, seed }).map(({ kinds, ending, cuts }, i) => {
    const tag = `tag${i}end`;
    const { message, status, end } = ENDINGS[ending] as (typeof ENDINGS)[string];
    const targets = [...kinds.map((_, k) => `/${tag}/${k}`), `/${tag}/last`];
    const messages = [...kinds.map((kind) => GOOD[kind] as Message), message];
    const input = messages.map((build, k) => build(targets[k] as string, tag)).join('');
    const places = [...new Set(cuts.map((cut) => (cut % (input.length - 1)) + 1))].sort((a, b) => a - b);
    return {
      tag,
      input,
      parts: [0, ...places].map((from, k) => input.slice(from, places[k] ?? input.length)),
      targets,
      statuses: [...kinds.map(() => 200), status],
      heads: new Set(kinds.flatMap((kind, k) => (kind === 'HEAD' ? [k] : []))),
      end,
    };
  });
}

/** Returns the indexes of conversations in random order: each index as often as its conversation has parts. */
export function interleaved(conversations: Tagged[], seed: number): number[] {
  const turns = conversations.flatMap(({ parts }, i) => parts.map(() => i));
  const order = fc.shuffledSubarray(turns, { minLength: turns.length, maxLength: turns.length });
  return fc.sample(order, { numRuns: 1, seed })[0] as number[];
}

/** The responses of each connection, by the address under which the server knows the client. */
export type Answers = Map<string, { conversation: Tagged; responses: Response[] }>;

/** Sends all conversations, interleaved; each client must get the responses to its own conversation. */
export async function exchangeTagged(port: number, conversations: Tagged[], seed: number): Promise<Answers> {
  const clients = await Promise.all(conversations.map(() => connect(port)));
  const remaining = conversations.map(({ parts }) => [...parts]);
  for (const [turn, i] of interleaved(conversations, seed).entries()) {
    clients[i]?.send(remaining[i]?.shift() as string);
    // Lets the server read the parts sent so far before more arrive.
    if (turn % 20 === 19) await sleep(1);
  }
  const answers: Answers = new Map();
  await Promise.all(
    clients.map(async (client, i) => {
      const conversation = conversations[i] as Tagged;
      const { heads, statuses } = conversation;
      const peer = `127.0.0.1:${client.socket.localPort}`;
      const responses = readResponses(await finish(client, conversation), heads);
      expect(responses.map(({ statusCode }) => statusCode)).toEqual(statuses);
      answers.set(peer, { conversation, responses });
    }),
  );
  const numbers = [...answers.values()].flatMap(({ responses }) =>
    responses.map(({ content }) => content).filter((content) => content.startsWith('Hello')),
  );
  expect(new Set(numbers).size).toBe(numbers.length);
  return answers;
}

async function finish(client: Client, { statuses, end }: Tagged): Promise<string> {
  if (end !== 'closed') {
    const wanted = end === 'unfinished' ? statuses.length - 1 : statuses.length;
    await client.until((received) => (received.match(/HTTP\/1\.1 \d{3} /g)?.length ?? 0) >= wanted);
    client.socket.end();
  }
  const received = await client.end();
  client.close();
  return received;
}

/** Checks the server's log: no line names one peer and carries another's tag or number. */
export function checkLog(lines: string[], answers: Answers): void {
  const received = new Map<string, string[]>();
  const sent = new Map<string, string[]>();
  for (const text of lines) {
    const [, peer = '', rest = ''] = /(?:from|to) (127\.0\.0\.1:\d+)(?:: (.*))?$/.exec(text) ?? [];
    const tag = answers.get(peer)?.conversation.tag;
    if (tag === undefined) throw new Error(`whose line is ${text}`);
    for (const [found] of text.matchAll(/tag\d+end/g)) if (found !== tag) throw new Error(`${tag}: ${text}`);
    if (text.startsWith('Received ')) append(received, peer, rest.split(' ')[1] as string);
    if (text.startsWith('Sent ')) append(sent, peer, rest);
  }
  for (const [peer, { conversation, responses }] of answers) {
    // The log shows no incomplete or malformed head as received.
    expect(conversation.targets.slice(0, received.get(peer)?.length)).toEqual(received.get(peer));
    expect(received.get(peer)?.length).toBeGreaterThanOrEqual(conversation.targets.length - 1);
    expect(sent.get(peer)).toEqual(
      responses.map(({ statusCode, content }) => `${statusCode} ${JSON.stringify(content)}`),
    );
  }
}

function append(lists: Map<string, string[]>, key: string, value: string): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
