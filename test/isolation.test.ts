// No byte of one connection ever reaches another, and no field name has a special meaning.

import { describe, expect, test } from 'vitest';
import { Carry } from '../src/connection/carry.ts';
import { ERROR_FIELD_COUNT, MORE } from '../src/memory/codes.ts';
import type { Views } from '../src/memory/views.ts';
import { ENGINES } from '../src/protocol/codec.ts';
import { createJsCodec } from '../src/protocol/js/codec.ts';
import { startCli } from './support/cli.ts';
import { eventually } from './support/client.ts';
import { createEngine, ENGINE_NAMES, LIMITS, latin1, parseEveryWay } from './support/engines.ts';
import { openPlane } from './support/plane.ts';
import { readRecord } from './support/record.ts';
import { checkLog, exchangeTagged, interleaved, taggedConversations } from './support/tagged.ts';

const CONNECTIONS = 300;

describe.each(ENGINE_NAMES)('%s', (name) => {
  test('heads that take turns in one slot: every record holds the fields of its own head', () => {
    const { codec, slot } = createEngine(name);
    const heads = taggedConversations(CONNECTIONS, 1).map((conversation) => {
      const { tag, parts } = conversation;
      const fields = Array.from(
        { length: 20 },
        (_, i) => [`X-${tag}-${i}`, tag.repeat(i)] as [string, string],
      );
      const input = `GET /${tag} HTTP/1.1\r\nHost: ${tag}\r\n${fields.map(([field, value]) => `${field}: ${value}\r\n`).join('')}\r\n`;
      const step = Math.ceil(input.length / parts.length);
      return {
        ...conversation,
        expected: { target: `/${tag}`, fields: [['Host', tag], ...fields] },
        parts: parts.map((_, i) => input.slice(i * step, (i + 1) * step)).filter((part) => part !== ''),
      };
    });
    const carries: (Carry | undefined)[] = [];
    const remaining = heads.map(({ parts }) => [...parts]);
    let whole = 0;
    for (const i of interleaved(heads, 2)) {
      const head = heads[i] as (typeof heads)[number];
      const part = remaining[i]?.shift() as string;
      slot.read.set(latin1(part));
      const end = slot.readStart + part.length;
      const start = carries[i]?.restore(part.length) ?? slot.readStart;
      const result = codec.parse(start, end);
      if (result === MORE) {
        if (carries[i] === undefined) carries[i] = new Carry(slot, start, end);
        else carries[i]?.append(slot.readStart, end);
        continue;
      }
      expect(result).toBe(end);
      expect(readRecord(slot, start)).toMatchObject(head.expected);
      whole++;
    }
    expect(whole).toBe(CONNECTIONS);
  });

  test('connections that take turns in one worker: every response and every line is their own', async () => {
    const server = await openPlane({ engine: name, log: 'requests' });
    const answers = await exchangeTagged(server.port, taggedConversations(CONNECTIONS, 3), 4);
    await eventually('all closed', () => server.statistics().open === 0);
    checkLog(server.lines, answers);
    // The check would have found a line with the wrong peer.
    const [one = '', other = ''] = answers.keys();
    const mixed = server.lines.map((text) => text.replace(one, other));
    expect(() => checkLog(mixed, answers)).toThrow();
  });

  test('names that mean something to JavaScript are ordinary fields', () => {
    const engine = createEngine(name);
    const names = [
      ...Object.getOwnPropertyNames(Object.prototype),
      ...Object.getOwnPropertyNames(Function.prototype),
      ...['prototype', 'then', 'toJSON', '0', '-1', 'NaN', 'undefined', 'null', 'true', 'Symbol.iterator'],
    ];
    const fields = names.map((field) => [field, `{"${field}":1}`] as [string, string]);
    const input = `GET /__proto__ HTTP/1.1\r\nHost: a\r\n${fields.map(([field, value]) => `${field}: ${value}\r\n`).join('')}\r\n`;
    const { result, record } = parseEveryWay(engine, input);
    expect(result).toBe(input.length);
    expect(record?.fields).toEqual([['Host', 'a'], ...fields]);
    expect(record).toMatchObject({ target: '/__proto__', persistent: true });
    const method = parseEveryWay(
      engine,
      'constructor / HTTP/1.1\r\nHost: a\r\nConnection: __proto__\r\n\r\n',
    );
    expect(method.record).toMatchObject({ method: 'constructor', known: '', persistent: true });
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  test('no choice of names exceeds the limit of fields', () => {
    const engine = createEngine(name);
    for (const families of Object.values(CRAFTED)) {
      expect(parseEveryWay(engine, head(families, LIMITS.fieldCountMax - 1)).result).toBeGreaterThan(0);
      expect(parseEveryWay(engine, head(families, LIMITS.fieldCountMax)).result).toBe(ERROR_FIELD_COUNT);
    }
  });
});

describe.each(ENGINES)('%s engine, several workers', (engine) => {
  test('every response and every line belongs to its own connection', async () => {
    const run = await startCli([
      ...['--engine', engine, '--workers', '3', '--log', 'requests'],
      // The timeouts are long, so that a slow machine reaches none of them either.
      ...['--head-timeout', '600000', '--idle-timeout', '600000', '--body-timeout', '600000'],
    ]);
    const answers = await exchangeTagged(run.port, taggedConversations(CONNECTIONS, 5), 6);
    const lines = (): string[] =>
      run.output.split('\n').filter((text) => /^(Accepted|Received|Refused|Sent|Closed) /.test(text));
    const closed = (): number => lines().filter((text) => text.startsWith('Closed ')).length;
    await eventually('all closed', () => closed() === CONNECTIONS);
    checkLog(lines(), answers);
    expect(await run.stop()).toBe(0);
    expect(run.errors).toBe('');
  });
});

/*
 * Requests can't flood a hash table of names, since neither engine has a table keyed by names. An engine compares a name,
 * by its size and then by words or bytes, with the five names that the server interprets (fields.ts), and
 * records it as an offset and a size. The tests below show that no choice of names makes that more expensive.
 *
 * The tests count accesses to the memory as work. Only the JS engine can count them; the WASM engine is its
 * twin, statement by statement, where it compares names.
 */
const CRAFTED: Record<string, (i: number) => string> = {
  equal: () => 'nnnnnnnnnnnnnn',
  'different in the last byte': (i) => `nnnnnnnnnnnnn${letter(i)}`,
  'different in the first byte': (i) => `${letter(i)}nnnnnnnnnnnnn`,
  // Java's and many others' hash is the same for these two halves.
  'colliding by multiplication with 31': (i) =>
    Array.from({ length: 7 }, (_, bit) => ((i >> bit) & 1 ? 'Aa' : 'BB')).join(''),
  'like Content-Length': (i) => `content-lengt${i % 2 ? 'g' : 'i'}`,
  'special to JavaScript': () => '__proto__'.padEnd(14, '_'),
};

/** No name of the five begins with these. */
const letter = (i: number): string => 'dfgijklmnopqrsuvwxyz'[i % 20] as string;
const ordinary = (i: number): string => `x-${i}`.padEnd(14, 'abcdefghijkl');

function head(nameOf: (i: number) => string, count: number): string {
  const fields = Array.from({ length: count }, (_, i) => `${nameOf(i)}: v\r\n`).join('');
  return `GET / HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;
}

describe('the cost of field names', () => {
  const { codec, slot, reset, accesses } = countingEngine();

  /** Counts the accesses to parse a head, whole or byte by byte. */
  function work(input: string, partBytes = input.length): number {
    const { readStart } = slot;
    slot.read.set(latin1(input));
    reset();
    let result = MORE;
    for (let end = partBytes; result === MORE; end += partBytes)
      result = codec.parse(readStart, readStart + Math.min(end, input.length));
    expect(result).toBe(readStart + input.length);
    return accesses();
  }

  test.each(Object.entries(CRAFTED))(
    'names %s: the same cost for each, however many there are',
    (_, nameOf) => {
      const [ten, twenty, forty, eighty] = [10, 20, 40, 80].map((count) => work(head(nameOf, count)));
      const each = ((twenty ?? 0) - (ten ?? 0)) / 10;
      expect(forty).toBe((twenty ?? 0) + 20 * each);
      expect(eighty).toBe((twenty ?? 0) + 60 * each);
    },
  );

  test.each(Object.entries(CRAFTED))('names %s: no more cost than ordinary names', (_, nameOf) => {
    // Names that begin like one of the five are compared up to the first difference.
    const compared = nameOf === CRAFTED['like Content-Length'] ? 80 * 13 : 80;
    expect(work(head(nameOf, 80))).toBeLessThanOrEqual(work(head(ordinary, 80)) + compared);
  });

  test.each(Object.entries(CRAFTED))(
    'names %s: no byte is read again when more bytes arrive',
    (_, nameOf) => {
      const bytes = (count: number): number => head(nameOf, count).length;
      const perByte = (count: number): number => work(head(nameOf, count), 1) / bytes(count);
      expect(perByte(80)).toBeLessThan(perByte(10) * 1.1);
    },
  );
});

/** The JS engine over views that count reads and writes. */
function countingEngine() {
  const { slot, exports } = createEngine('js');
  let count = 0;
  const counting = <T extends object>(view: T): T =>
    new Proxy(view, {
      get: (target, key) => {
        count++;
        const value = Reflect.get(target, key);
        return typeof value === 'function' ? value.bind(target) : value;
      },
      set: (target, key, value) => {
        count++;
        return Reflect.set(target, key, value);
      },
    });
  const { bytes, data, halves, words, doubles } = slot.views;
  const views: Views = {
    bytes: counting(bytes),
    data: counting(data),
    halves: counting(halves),
    words: counting(words),
    doubles: counting(doubles),
  };
  return {
    slot,
    codec: createJsCodec(views, slot.pointer, exports.counterAdd),
    reset: () => {
      count = 0;
    },
    accesses: () => count,
  };
}
