// `npm run soak`: rounds of kills, crashes and stops under load. Exit code 0 if no number came twice, 1 if a number did, 2
// for wrong usage.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createAppFiles } from '../support/app-files.ts';
import { APP, runRounds } from './crash.ts';
import { runRedis } from './redis.ts';

const FAILED = 1;
const USAGE = 2;
/** Uses numbers from Redis, and stops Redis this many times meanwhile. */
const REDIS_NUMBERS = 1_000_000;
const REDIS_OUTAGES = 5;
const HELP = `Usage: npm run soak [-- --rounds N | --redis]

Starts a server with --state, loads it, kills it or its threads or stops it, and starts it again, N times (200). With
--redis: two servers have ${REDIS_NUMBERS} numbers from a redis-server, which is stopped ${REDIS_OUTAGES} times meanwhile.`;

process.exitCode = await main();

async function main(): Promise<number> {
  const { rounds, redis } = readArguments();
  return redis ? await soakRedis() : await soakFile(rounds);
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
function readArguments(): { rounds: number; redis: boolean } {
  try {
    const { values } = parseArgs({
      options: {
        rounds: { type: 'string', default: '200' },
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
    return { rounds, redis: values.redis };
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${HELP}`);
    process.exit(USAGE);
  }
}
