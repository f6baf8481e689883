// A client of an admin listener.

import { request as send } from 'node:http';
import type { Address } from '../../src/connection/address.ts';
import type { Run } from './cli.ts';
import { sleep } from './client.ts';
import { type ParsedFamily, parseOpenMetrics } from './openmetrics.ts';

export interface Answer {
  status: number | undefined;
  headers: Record<string, string | string[] | undefined>;
  content: string;
}

/** Asks an admin listener. */
export async function askAdmin(
  url: string,
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
  sent = '',
): Promise<Answer> {
  const to: Address & { socketPath?: string } = url.startsWith('unix:')
    ? { path: url.slice(5) }
    : { host: new URL(url).hostname, port: Number(new URL(url).port) };
  const at = 'path' in to ? { socketPath: to.path } : to;
  return await new Promise((resolve, reject) => {
    const request = send({ ...at, path, method, headers, agent: false }, (response) => {
      let content = '';
      response.setEncoding('utf8').on('data', (text) => (content += text));
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, content }));
    });
    request.on('error', reject).end(sent);
  });
}

/** Waits until an answer is as wanted; none may come while the server process starts again. */
export async function untilAnswer(
  url: string,
  path: string,
  holds: (answer: Answer) => boolean,
): Promise<void> {
  for (let i = 0; i < 1000; i++) {
    const answer = await askAdmin(url, path).catch(() => undefined);
    if (answer !== undefined && holds(answer)) return;
    await sleep(10);
  }
  throw new Error(`${path} did not answer as wanted`);
}

/** The URL of a command's admin listener, which the start line names. */
export function adminOf({ output }: Run): string {
  return /admin on (\S+)$/m.exec(output)?.[1] ?? '';
}

/** Returns the metrics of an admin listener, which must be valid OpenMetrics. */
export async function scrape(url: string): Promise<Map<string, ParsedFamily>> {
  const { content } = await askAdmin(url, '/metrics', { accept: 'application/openmetrics-text' });
  return parseOpenMetrics(content);
}
