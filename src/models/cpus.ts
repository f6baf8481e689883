// How many threads can run at once: the CPUs that this process may run on, or fewer if a control group, such as that of a
// container, has a quota of CPU time. Node itself knows the quota only since version 22.10, and rounds 1.5 CPUs down to 1.

import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';

/** Where Linux describes control groups and processes; tests have files of their own. */
export interface Places {
  /** The folder with the trees of control groups. */
  groups: string;
  /** The folder with the files `cgroup` and `status` of this process. */
  self: string;
}

const LINUX: Places = { groups: '/sys/fs/cgroup', self: '/proc/self' };

/** Returns how many threads can run at once, at least 1: a quota of 1.5 CPUs keeps 2 threads busy. */
export function countCpus(places = LINUX): number {
  const quota = cpuQuota(places);
  if (quota === undefined) return availableParallelism();
  return Math.max(1, Math.min(allowedCpus(places) ?? availableParallelism(), Math.ceil(quota)));
}

/** Returns the smallest quota of the groups that this process is in, in CPUs; undefined if none has a quota. */
function cpuQuota({ groups, self }: Places): number | undefined {
  const quotas = read(join(self, 'cgroup'))
    .split('\n')
    .flatMap((line) => {
      const [, controllers, path = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
      if (controllers === '')
        return [groups, join(groups, 'unified')].flatMap((tree) => quotasOf(tree, path));
      if (!controllers?.split(',').includes('cpu')) return [];
      return [join(groups, controllers), join(groups, 'cpu')].flatMap((tree) => quotasOf(tree, path));
    });
  return quotas.length === 0 ? undefined : Math.min(...quotas);
}

/** Returns the quotas of a group and of the groups above it. In a container the path may be one of the host. */
function quotasOf(tree: string, path: string): number[] {
  const quotas: number[] = [];
  for (let group = join('/', path); ; group = dirname(group)) {
    const folder = join(tree, group);
    // Version 2 of control groups has one file, version 1 has two.
    const both =
      read(join(folder, 'cpu.max')) ||
      `${read(join(folder, 'cpu.cfs_quota_us'))} ${read(join(folder, 'cpu.cfs_period_us'))}`;
    const [quota = 0, period = 0] = both.trim().split(/\s+/).map(Number);
    if (quota > 0 && period > 0) quotas.push(quota / period);
    if (group === '/') return quotas;
  }
}

/** Returns how many CPUs this process may run on; undefined if the system does not say. */
function allowedCpus({ self }: Places): number | undefined {
  const [, list] = /^Cpus_allowed_list:\s*([\d,-]+)$/m.exec(read(join(self, 'status'))) ?? [];
  return list?.split(',').reduce((sum, range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return sum + last - first + 1;
  }, 0);
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // This system does not have it.
    return '';
  }
}
