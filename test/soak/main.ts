// `npm run soak`: rounds of kills, crashes, stops and reloads under load. Exit code 0 if nothing was lost, 1 if something was, 2
// for wrong usage.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createAppFiles } from '../support/app-files.ts';
import { APP, runRounds } from './crash.ts';
import { checkAccount, checkSoaked, runKills, runReloads, runSoak, SOAK_APP } from './operate.ts';
import { runRedis } from './redis.ts';

const FAILED = 1;
const USAGE = 2;
/** Uses numbers from Redis, and stops Redis this many times meanwhile. */
const REDIS_NUMBERS = 1_000_000;
const REDIS_OUTAGES = 5;
const RELOADS = 50;
const KILLS = 20;
const HELP = `Usage: npm run soak [-- --rounds N | --operate | --minutes N | --redis]

Starts a server with --state, loads it, kills it or its threads or stops it, and starts it again, N times (200).
--operate: reloads a loaded server ${RELOADS} times, and kills the process of another ${KILLS} times, once with connections that
are kept and once with a connection for each request. --minutes: loads a server for N minutes, reloads it, ends threads of it,
reads its figures, and compares its memory at the beginning and at the end. --redis: two servers have ${REDIS_NUMBERS} numbers
from a redis-server, which is stopped ${REDIS_OUTAGES} times meanwhile.`;

process.exitCode = await main();

async function main(): Promise<number> {
  const { rounds, operate, minutes, redis } = readArguments();
  if (redis) return await soakRedis();
  if (operate) return await soakOperations();
  return minutes === undefined ? await soakFile(rounds) : await soakMinutes(minutes);
}

async function soakOperations(): Promise<number> {
  try {
    for (const habit of ['kept', 'single'] as const) {
      const reloaded = checkAccount(await runReloads(RELOADS, habit, console.log), 0);
      const killed = await runKills(KILLS, habit, console.log);
      checkAccount(killed, killed.cutMax);
      console.log(
        `connections ${habit}: ${RELOADS} reloads, ${reloaded.answered} requests, none failed; ${KILLS} kills, ${killed.answered} requests, ${killed.cut} cut while under way, none refused`,
      );
    }
    return 0;
  } catch (error) {
    console.error((error as Error).message);
    return FAILED;
  }
}

async function soakMinutes(minutes: number): Promise<number> {
  const files = createAppFiles();
  try {
    const app = files.write('app.mjs', SOAK_APP);
    console.log(checkSoaked(await runSoak({ seconds: minutes * 60, app, say: console.log })));
    return 0;
  } catch (error) {
    console.error((error as Error).message);
    return FAILED;
  } finally {
    files.remove();
  }
}

async function soakRedis(): Promise<number> {
  try {
    const { given, exhausted } = await runRedis(REDIS_NUMBERS, REDIS_OUTAGES, console.log);
    console.log(
      `${given} numbers given, none twice; ${exhausted} responses without one while Redis was away`,
    );
    return 0;
  } catch (error) {
    console.error((error as Error).message);
    return FAILED;
  }
}

async function soakFile(rounds: number): Promise<number> {
  const files = createAppFiles();
  const folder = mkdtempSync(join(tmpdir(), 'hotpath-soak-'));
  try {
    const app = files.write('app.mjs', APP);
    const outcome = await runRounds({ rounds, app, folder, random: Math.random, say: console.log });
    const { kills, stops, deaths, given, skipped } = outcome;
    console.log(
      `${rounds} rounds: ${kills} kills, ${stops} clean stops, ${deaths} threads ended; ${given} numbers given, none twice, ${skipped} skipped`,
    );
    rmSync(folder, { recursive: true });
    return 0;
  } catch (error) {
    console.error(`${(error as Error).message}; the state is in ${folder}`);
    return FAILED;
  } finally {
    files.remove();
  }
}

/** Ends the process when the usage is wrong. */
function readArguments(): {
  rounds: number;
  operate: boolean;
  minutes: number | undefined;
  redis: boolean;
} {
  try {
    const { values } = parseArgs({
      options: {
        rounds: { type: 'string', default: '200' },
        operate: { type: 'boolean', default: false },
        minutes: { type: 'string' },
        redis: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help) {
      console.log(HELP);
      process.exit();
    }
    const rounds = Number(values.rounds);
    if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds must be a whole number from 1 on');
    const minutes = values.minutes === undefined ? undefined : Number(values.minutes);
    if (minutes !== undefined && !(minutes > 0)) throw new Error('--minutes must be a number above 0');
    return { rounds, operate: values.operate, minutes, redis: values.redis };
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${HELP}`);
    process.exit(USAGE);
  }
}
