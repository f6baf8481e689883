// Rounds with subjects that take no time: the order of turns, the measurements that are kept, and the end of a run.

import { describe, expect, it } from 'vitest';
import { type Contest, Rounds, type Subject, type Values } from '../../bench/measure/rounds.ts';
import type { SuiteResult } from '../../bench/results.ts';

function start() {
  const result: SuiteResult = { name: 'server', title: '', groups: [], notes: [] };
  const said: string[] = [];
  const run = { stopped: false, at: (what: string, done: number) => void said.push(`${done} ${what}`) };
  return { result, said, run, rounds: new Rounds(result, run) };
}

function subject(name: string, measure: () => Values | Promise<Values>): Subject {
  return { name, ours: true, measure: async () => measure() };
}

function contest(...subjects: Subject[]): Contest {
  return { name: 'group', measure: 'seconds', missing: [], subjects };
}

describe('Rounds', () => {
  it('lets the subjects take turns and keeps a value a round', async () => {
    const { result, said, rounds } = start();
    let clock = 0;
    const measure = () => ({ seconds: ++clock });
    await rounds.run(contest(subject('a', measure), subject('b', measure)), 2, 0.5);
    expect(result.groups).toEqual([
      {
        name: 'group',
        reference: 'a',
        measure: 'seconds',
        missing: [],
        subjects: [
          { name: 'a', ours: true, measures: { seconds: [1, 3] } },
          { name: 'b', ours: true, measures: { seconds: [2, 4] } },
        ],
      },
    ]);
    expect(said).toEqual(['0 group: a', '0.5 group: b', '1 group: a', '1.5 group: b']);
  });

  it('leaves out measures that a round could not take', async () => {
    const { result, rounds } = start();
    await rounds.run(contest(subject('a', () => ({ seconds: 1, cpuMicros: undefined }))), 1, 1);
    expect(result.groups[0]?.subjects[0]?.measures).toEqual({ seconds: [1] });
  });

  it('keeps the measurements when the run is stopped', async () => {
    const { result, run, rounds } = start();
    const stop = () => {
      run.stopped = true;
      return { seconds: 2 };
    };
    await rounds.run(
      contest(
        subject('a', () => ({ seconds: 1 })),
        subject('b', stop),
      ),
      9,
      1,
    );
    expect(result.groups.map(({ subjects }) => subjects)).toEqual([
      [{ name: 'a', ours: true, measures: { seconds: [1] } }],
    ]);
    await rounds.run({ ...contest(subject('c', () => ({ seconds: 1 }))), missing: ['d: not built'] }, 1, 1);
    expect(result.groups).toHaveLength(1);
  });

  it('ignores a failure while the run is being stopped', async () => {
    const { result, run, rounds } = start();
    const fail = () => {
      run.stopped = true;
      throw new Error('wrk ended by SIGTERM');
    };
    await rounds.run(
      contest(
        subject('a', () => ({ seconds: 1 })),
        subject('b', fail),
      ),
      2,
      1,
    );
    expect(result.groups[0]?.subjects).toHaveLength(1);
  });

  it('fails if a subject fails, and keeps the measurements', async () => {
    const { result, rounds } = start();
    const fail = () => {
      throw new Error('wrk: 1 errors, 0 answers');
    };
    const subjects = [subject('a', () => ({ seconds: 1 })), subject('b', fail)];
    await expect(rounds.run(contest(...subjects), 1, 1)).rejects.toThrow('wrk: 1 errors');
    expect(result.groups[0]?.subjects).toHaveLength(1);
  });

  it('lists missing subjects even if no subject is left to measure', async () => {
    const { result, rounds } = start();
    await rounds.run({ ...contest(), missing: ['nginx: not installed'] }, 1, 1);
    expect(result.groups).toMatchObject([{ missing: ['nginx: not installed'], subjects: [] }]);
  });

  it.each([
    [0.95, 0.3, 'server'],
    [0.4, 0.97, 'load client'],
    [0.5, 0.5, 'neither'],
  ])(
    'with the server busy by %f and the client by %f the limit is: %s',
    async (serverBusy, clientBusy, limit) => {
      const { result, rounds } = start();
      const one = subject('a', () => ({ seconds: 1, serverBusy, clientBusy }));
      const two = { ...one, name: 'b', capacity: { server: 2, client: 2 } };
      await rounds.run(contest(one, two), 1, 1);
      expect(result.groups[0]?.subjects.map(({ limitedBy }) => limitedBy)).toEqual([limit, 'neither']);
    },
  );
});
