// How many threads can run at once: by the CPUs of the process and by the quota of its control groups.

import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { countCpus } from '../../src/models/cpus.ts';
import { temporaryFolder } from '../support/fixtures.ts';

/** Counts by files with these contents. */
function countWith(files: Record<string, string>): number {
  const folder = temporaryFolder('cpus');
  const places = { groups: join(folder, 'groups'), self: join(folder, 'self') };
  const status = 'Name:\tnode\nCpus_allowed:\tff\nCpus_allowed_list:\t0-6,9\n';
  for (const [name, text] of Object.entries({ 'self/status': status, ...files })) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return countCpus(places);
}

const V2 = { 'self/cgroup': '0::/\n' };

test.each([
  ['150000 100000', 2],
  ['200000 100000', 2],
  ['200001 100000', 3],
  ['10000 100000', 1],
  ['1000 100000', 1],
  // More than the eight CPUs that the process may run on.
  ['6400000 100000', 8],
])('a quota of %s keeps %i threads busy', (quota, threads) => {
  expect(countWith({ ...V2, 'groups/cpu.max': `${quota}\n` })).toBe(threads);
});

test('the smallest quota of a group and those above it counts', () => {
  const files = { 'self/cgroup': '0::/a/b/c\n', 'groups/a/b/c/cpu.max': 'max 100000\n' };
  expect(countWith({ ...files, 'groups/a/b/cpu.max': '300000 100000\n' })).toBe(3);
  const both = { 'groups/a/b/cpu.max': '400000 100000\n', 'groups/a/cpu.max': '100000 50000\n' };
  expect(countWith({ ...files, ...both })).toBe(2);
});

test('in a container the path of the group may be one of the host, or lie above the root', () => {
  for (const path of ['/docker/3f2a', '/../../docker/3f2a'])
    expect(countWith({ 'self/cgroup': `0::${path}\n`, 'groups/cpu.max': '300000 100000\n' })).toBe(3);
});

test.each([
  ['cpu,cpuacct', 'groups/cpu,cpuacct/docker/a'],
  ['cpu', 'groups/cpu/docker/a'],
  ['cpuacct,cpu', 'groups/cpu'],
])('version 1 of control groups, with the controllers %s', (controllers, folder) => {
  const self = { 'self/cgroup': `5:memory:/m\n4:${controllers}:/docker/a\n1:name=systemd:/\n0::/\n` };
  const files = (quota: string): Record<string, string> => ({
    ...self,
    [`${folder}/cpu.cfs_quota_us`]: quota,
    [`${folder}/cpu.cfs_period_us`]: '50000\n',
  });
  expect(countWith(files('125000\n'))).toBe(3);
  expect(countWith(files('-1\n'))).toBe(availableParallelism());
});

test('without a quota, or without control groups, Node decides', () => {
  expect(countWith({ ...V2, 'groups/cpu.max': 'max 100000\n' })).toBe(availableParallelism());
  expect(countWith({})).toBe(availableParallelism());
  expect(countWith({ 'self/cgroup': 'nonsense', 'groups/cpu.max': 'nonsense' })).toBe(availableParallelism());
});

test('where the system does not list the allowed CPUs, Node counts them', () => {
  const files = { 'self/status': 'Name:\tnode\n', 'groups/cpu.max': '99900000 100000\n' };
  expect(countWith({ ...V2, ...files })).toBe(availableParallelism());
});
