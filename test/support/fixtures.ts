// Fixtures that undo themselves: when the test that called them ends, or, if called outside of a test, when the
// tests of the file or describe() have ended.

import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, onTestFinished, TestRunner } from 'vitest';
import type { Address } from '../../src/connection/address.ts';
import type { Times } from '../../src/times.ts';
import { type AppFiles, createAppFiles } from './app-files.ts';
import { launch, launchScript, type Run, startCli } from './cli.ts';

/** Time for a server to stop. */
const STOP_MS = 3000;

/** Calls `undo` at the end, after each afterEach(); the last call is undone first. Don't use it in beforeAll(). */
export function atEnd(undo: () => unknown): void {
  const end = async (): Promise<void> => void (await undo());
  if (TestRunner.getCurrentTest() === undefined) afterAll(end);
  else onTestFinished(end);
}

/** Makes an empty folder whose name begins with `hotpath-` and `name`. */
export function temporaryFolder(name: string): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), `hotpath-${name}-`)));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Makes a folder for application modules. */
export function appFiles(): AppFiles {
  const files = createAppFiles();
  atEnd(files.remove);
  return files;
}

/** Starts the command at a free port and waits until the server listens; stops it at the end if it still runs. */
export async function startServer(...how: Parameters<typeof startCli>): Promise<Run> {
  const run = await startCli(...how);
  stopAtEnd(run);
  return run;
}

/** Starts the command in the same way, with shorter times than a user's. */
export async function startServerWith(times: Partial<Times>, args: string[] = []): Promise<Run> {
  return await startServer(args, {}, false, times);
}

/** Starts the command in the same way, without waiting. */
export function launchServer(...how: Parameters<typeof launch>): Run {
  const run = launch(...how);
  stopAtEnd(run);
  return run;
}

/** Starts the command with listeners that no option configures, and stops it at the end if it still runs. */
export function launchWithListeners(addresses: Address[], args: string[] = []): Run {
  const run = launchScript(['test/support/command-with-listeners.js', JSON.stringify(addresses), ...args]);
  stopAtEnd(run);
  return run;
}

/** Waits for a server inside this program, and closes the server at the end. */
export async function closedAtEnd<T extends { close(): unknown }>(starting: Promise<T>): Promise<T> {
  const server = await starting;
  atEnd(() => server.close());
  return server;
}

function stopAtEnd({ child, stop }: Run): void {
  atEnd(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await stop();
    clearTimeout(late);
  });
}
