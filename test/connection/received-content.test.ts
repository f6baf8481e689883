// Content between a connection and an application, by itself: in which order things come, and who is told.

import { beforeEach, describe, expect, test } from 'vitest';
import { ReceivedContent } from '../../src/connection/received-content.ts';

const BROKEN = new Error('it broke off');
const END = Symbol('end');

let wanted: number;
beforeEach(() => {
  wanted = 0;
});

function make({ length, expects = false }: { length?: number; expects?: boolean } = {}): ReceivedContent {
  return new ReceivedContent({ contentWanted: () => wanted++ }, length, expects);
}

/** As a connection does it: among other bytes, which others overwrite at once. */
function push(content: ReceivedContent, ...texts: string[]): void {
  for (const text of texts) {
    const bytes = Buffer.from(`<<${text}>>`, 'latin1');
    content.push(bytes, 2, bytes.length - 2);
    bytes.fill('!');
  }
}

function text(piece: Uint8Array | undefined): unknown {
  return piece === undefined ? END : Buffer.from(piece).toString('latin1');
}

async function read(content: ReceivedContent): Promise<unknown> {
  return text(await content.read());
}

/** What a promise has come to by now. */
async function now(promise: Promise<unknown>): Promise<unknown> {
  return Promise.race([
    promise.catch((error: unknown) => error),
    new Promise((resolve) => setImmediate(resolve, 'nothing yet')),
  ]);
}

describe('piece by piece', () => {
  test('what has come, what comes, and the end', async () => {
    const content = make();
    push(content, 'a', 'bc');
    expect([await read(content), await read(content)]).toEqual(['a', 'bc']);
    const next = read(content);
    expect(await now(next)).toBe('nothing yet');
    push(content, 'd', 'e');
    expect([await next, await read(content)]).toEqual(['d', 'e']);
    const end = read(content);
    content.finish([['Sum', '1']]);
    expect([await end, await read(content), content.trailers]).toEqual([END, END, [['Sum', '1']]]);
  });

  test('each one that is taken, and each that is waited for, asks for more', async () => {
    const content = make();
    push(content, 'a', 'b');
    expect(wanted).toBe(0);
    await content.read();
    expect(wanted).toBe(1);
    await content.read();
    expect(wanted).toBe(2);
    void content.read();
    expect(wanted).toBe(3);
    push(content, 'c');
    content.finish([]);
    expect(await read(content)).toBe(END);
    expect(wanted).toBe(3);
  });

  test('a window may wait, of which single bytes take more than a byte', async () => {
    const content = make();
    const large = 'x'.repeat(30_000);
    push(content, large, large);
    expect(content.hungry).toBe(true);
    push(content, large);
    expect(content.hungry).toBe(false);
    await content.read();
    expect(content.hungry).toBe(true);
    const bytes = make();
    push(bytes, ...'x'.repeat(5000));
    expect(bytes.hungry).toBe(false);
    for (let i = 0; i < 4900; i++) await bytes.read();
    expect(bytes.hungry).toBe(true);
  });

  test('what has come before it broke off may be read', async () => {
    const content = make();
    push(content, 'a');
    content.fail(BROKEN);
    content.fail(new Error('again'));
    expect(await read(content)).toBe('a');
    expect(await now(read(content))).toBe(BROKEN);
    expect(await now(read(content))).toBe(BROKEN);
    const waiting = make();
    const next = read(waiting);
    waiting.fail(BROKEN);
    expect(await now(next)).toBe(BROKEN);
  });

  test('what has ended breaks off no more', async () => {
    const content = make();
    push(content, 'a');
    content.finish([]);
    content.fail(BROKEN);
    expect([await read(content), await read(content)]).toEqual(['a', END]);
  });
});

describe('whole at once', () => {
  const whole = (content: ReceivedContent): unknown => text(content.takeWhole());

  test.each([[[]], [['abc']], [['ab', 'c']], [['', 'a', '', 'bc']]])('%j', (pieces) => {
    const content = make();
    push(content, ...pieces);
    expect(whole(content)).toBe(END);
    content.finish([]);
    expect(whole(content)).toBe(pieces.join(''));
    expect(whole(content)).toBe(END);
  });

  test('only when nothing has been read, and nothing broke', async () => {
    const begun = make();
    push(begun, 'a', 'b');
    await begun.read();
    begun.finish([]);
    expect(whole(begun)).toBe(END);
    const broken = make();
    push(broken, 'a');
    broken.fail(BROKEN);
    expect(whole(broken)).toBe(END);
    const cancelled = make();
    push(cancelled, 'a');
    cancelled.cancel();
    cancelled.finish([]);
    expect(whole(cancelled)).toBe(END);
  });

  test('leaves no piece to be read', async () => {
    const content = make();
    push(content, 'a', 'b');
    content.finish([]);
    whole(content);
    expect([await read(content), text(await content.readWhole())]).toEqual([END, '']);
  });
});

describe('whole, when it is all there', () => {
  const LARGE = ['a', 'b', 'c'].map((letter) => letter.repeat(50_000));

  test.each([[undefined], [3], [100], [150_000], [5_000_000]])('of told length %s', async (length) => {
    for (const pieces of [['a', 'bc'], LARGE])
      for (let early = 0; early <= pieces.length; early++) {
        const content = make({ ...(length !== undefined && { length }) });
        push(content, ...pieces.slice(0, early));
        const whole = content.readWhole().then(text);
        expect(await now(whole)).toBe('nothing yet');
        push(content, ...pieces.slice(early));
        expect(content.hungry).toBe(true);
        content.finish([]);
        expect((await whole) === pieces.join('')).toBe(true);
        expect([await read(content), text(await content.readWhole())]).toEqual([END, '']);
      }
  });

  test('or has been', async () => {
    const content = make();
    push(content, 'a', 'b');
    content.finish([]);
    expect(text(await content.readWhole())).toBe('ab');
    expect(wanted).toBe(0);
  });

  test('or what is left of it', async () => {
    const content = make({ length: 3 });
    push(content, 'a', 'b');
    await content.read();
    const whole = content.readWhole().then(text);
    push(content, 'c');
    content.finish([]);
    expect(await whole).toBe('bc');
  });

  test('breaks off with it, before and meanwhile', async () => {
    const before = make();
    push(before, 'a');
    before.fail(BROKEN);
    expect(await now(before.readWhole())).toBe(BROKEN);
    const meanwhile = make();
    const whole = meanwhile.readWhole();
    expect(wanted).toBe(1);
    push(meanwhile, 'a');
    meanwhile.fail(BROKEN);
    expect(await now(whole)).toBe(BROKEN);
  });

  test('has bytes of its own', async () => {
    const content = make();
    push(content, 'abc');
    content.finish([]);
    const { buffer } = await content.readWhole();
    expect(buffer.byteLength).toBe(3);
  });
});

describe('that nobody wants', () => {
  test('is at its end, whatever comes', async () => {
    const content = make();
    push(content, 'a');
    content.cancel();
    push(content, 'b');
    expect([await read(content), text(await content.readWhole()), content.hungry]).toEqual([END, '', true]);
    const waiting = make();
    const next = read(waiting);
    waiting.cancel();
    expect(await next).toBe(END);
    const whole = make();
    const all = whole.readWhole().then(text);
    push(whole, 'a');
    whole.cancel();
    push(whole, 'b');
    expect(await all).toBe('a');
  });

  test('is read past, but not asked for', () => {
    make().cancel();
    expect(wanted).toBe(1);
    make({ expects: true }).cancel();
    expect(wanted).toBe(1);
  });

  test('takes no room, however much of it comes', () => {
    const content = make();
    push(content, 'x'.repeat(100_000));
    content.cancel();
    push(content, 'x'.repeat(100_000));
    expect(content.hungry).toBe(true);
  });
});

test('what has begun to come need not be asked for', () => {
  const content = make({ expects: true });
  push(content, 'a');
  expect(content.expectsContinue).toBe(false);
});
