// Applications under the command line as a user starts it, and the servers of the matrix.

import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Run, startCli } from '../../support/cli.ts';
import { connect } from '../../support/client.ts';

/** Each engine, with one thread and with two. */
export const SERVERS = [
  ['wasm', '1'],
  ['wasm', '2'],
  ['js', '1'],
  ['js', '2'],
] as const;

export interface AppRun extends Run {
  /** `http://127.0.0.1:8080`, without a slash at the end. */
  url: string;
}

/** @param app the name of a file in apps/, or a path from the project's folder */
export async function startApp(
  app: string,
  args: string[] = [],
  environment?: NodeJS.ProcessEnv,
): Promise<AppRun> {
  const file = app.includes('/') ? resolve(app) : fileURLToPath(new URL(`apps/${app}`, import.meta.url));
  const run = await startCli([file, ...args], environment);
  return Object.assign(run, { url: `http://127.0.0.1:${run.port}` });
}

/** Sends bytes on a new connection. @returns everything until the server closes */
export async function tell(port: number, request: string): Promise<string> {
  const client = await connect(port);
  client.send(request);
  const answer = await client.end();
  client.close();
  return answer;
}

/** A complete request that closes its connection. */
export function lines(requestLine: string, ...fields: string[]): string {
  const host = fields.some((field) => /^host:/i.test(field)) ? [] : ['Host: a'];
  return `${[requestLine, ...host, ...fields, 'Connection: close'].join('\r\n')}\r\n\r\n`;
}

/** The content of a response. */
export function contentOf(answer: string): string {
  return answer.slice(answer.indexOf('\r\n\r\n') + 4);
}

/** Polls a counter of the application until it has the expected value. */
export async function untilCounter(run: AppRun, name: string, least: number): Promise<void> {
  for (let i = 0; i < 1000; i++) {
    if (Number(await (await fetch(`${run.url}/counter/${name}`)).text()) >= least) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`counter ${name} did not come to ${least}`);
}
