// ReceivedContent, tested without a connection and an application: the order of the pieces, and the calls to the source.

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

/** Pushes pieces as a connection does: out of a larger buffer that is overwritten at once. */
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

/** The current result of a promise. */
async function now(promise: Promise<unknown>): Promise<unknown> {
  return Promise.race([
    promise.catch((error: unknown) => error),
    new Promise((resolve) => setImmediate(resolve, 'nothing yet')),
  ]);
}

describe('piece by piece', () => {
  test('pieces that wait, pieces that arrive later, and the end', async () => {
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

  test('each read, of a piece that waits or arrives later, asks the source for more', async () => {
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

  test('a window of bytes may wait, of which single bytes take more than a byte', async () => {
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

  test('pieces that arrived before the content broke off may be read', async () => {
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

  test('content that has ended can not break off', async () => {
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

  test('only when no piece has been read, and the content did not break off', async () => {
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

describe('readWhole() resolves when all content has arrived', () => {
  const LARGE = ['a', 'b', 'c'].map((letter) => letter.repeat(50_000));

  test.each([[undefined], [3], [100], [150_000], [5_000_000]])('of announced length %s', async (length) => {
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

  test('before the call', async () => {
    const content = make();
    push(content, 'a', 'b');
    content.finish([]);
    expect(text(await content.readWhole())).toBe('ab');
    expect(wanted).toBe(0);
  });

  test('with the rest of content that has been read in part', async () => {
    const content = make({ length: 3 });
    push(content, 'a', 'b');
    await content.read();
    const whole = content.readWhole().then(text);
    push(content, 'c');
    content.finish([]);
    expect(await whole).toBe('bc');
  });

  test('and rejects when the content breaks off, before the call or after it', async () => {
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

describe('cancelled content', () => {
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

  test('is read and discarded, but 100 Continue is not sent', () => {
    make().cancel();
    expect(wanted).toBe(1);
    make({ expects: true }).cancel();
    expect(wanted).toBe(1);
  });

  test('takes no memory, however much of it arrives', () => {
    const content = make();
    push(content, 'x'.repeat(100_000));
    content.cancel();
    push(content, 'x'.repeat(100_000));
    expect(content.hungry).toBe(true);
  });
});

describe('bytes that came with the head', () => {
  /** Makes content whose first bytes lie in memory that is overwritten when the turn ends. */
  function begin(text: string): { content: ReceivedContent; slot: Buffer; endTurn(over?: boolean): void } {
    const content = make();
    const slot = Buffer.from(`<<${text}>>`, 'latin1');
    content.begin(slot, 2, slot.length - 2);
    const endTurn = (over = false): void => {
      if (over) content.release();
      else content.detach();
      slot.fill('!');
    };
    return { content, slot, endTurn };
  }
  const READS: Record<string, (content: ReceivedContent) => unknown> = {
    'takeWhole()': (content) => text(content.takeWhole()),
    'takeText()': (content) => content.takeText(),
    'readWhole()': (content) => content.readWhole().then(text),
    'read()': async (content) => {
      let all = '';
      for (let piece = await read(content); piece !== END; piece = await read(content)) all += piece;
      return all;
    },
  };

  test.each(Object.entries(READS))('%s gives them in the turn, and after it', async (name, take) => {
    for (const size of [1, 100, 1024, 1025, 5000, 60_000]) {
      const all = 'abcdefghij'.repeat(size / 10 + 1).slice(0, size);
      const now = begin(all);
      now.content.finish();
      const taken = take(now.content);
      now.endTurn(true);
      expect((await taken) === all).toBe(true);
      const later = begin(all);
      later.content.finish();
      later.endTurn();
      // Text is decoded only where its bytes still lie, and a longer one is copied to where the application gets it.
      const expected = name === 'takeText()' && size > 1024 ? undefined : all;
      expect((await take(later.content)) === expected).toBe(true);
    }
  });

  test.each(Object.entries(READS))('%s gives them before bytes that come later', async (name, take) => {
    for (const inTurn of [true, false]) {
      if (inTurn && name.startsWith('take')) continue;
      const { content, endTurn } = begin('abc');
      const early = inTurn ? take(content) : undefined;
      endTurn();
      push(content, 'd', 'ef');
      content.finish();
      const taken = await (early ?? take(content));
      // Text is decoded only where its bytes lie together.
      expect(taken).toBe(name === 'takeText()' ? undefined : 'abcdef');
    }
  });

  test('are taken once', async () => {
    for (const take of Object.values(READS)) {
      const { content } = begin('abc');
      content.finish();
      await take(content);
      expect([content.takeWhole(), content.takeText(), await read(content)]).toEqual([
        undefined,
        undefined,
        END,
      ]);
    }
  });

  test('are not the whole while more is to come', () => {
    const { content } = begin('abc');
    expect([content.takeWhole(), content.takeText()]).toEqual([undefined, undefined]);
  });

  test('are in memory of their own', async () => {
    for (const size of [1, 100, 1024, 1025, 5000])
      for (const inTurn of [true, false])
        for (const take of ['takeWhole', 'read', 'readWhole'] as const) {
          const { content, slot, endTurn } = begin('x'.repeat(size));
          content.finish();
          if (!inTurn) endTurn();
          const bytes = (await content[take]()) as Uint8Array;
          expect(bytes.length).toBe(size);
          expect(bytes.buffer.byteLength).toBe(size);
          expect(bytes.buffer).not.toBe(slot.buffer);
        }
  });

  test('are gone when the request has been answered in the turn', async () => {
    const { content, endTurn } = begin('abc');
    content.finish();
    const reasons: Error[] = [];
    content.whenBroken((reason) => reasons.push(reason));
    endTurn(true);
    expect([content.takeWhole(), content.takeText()]).toEqual([undefined, undefined]);
    const failures = [await now(content.read()), await now(content.readWhole())];
    content.whenBroken((reason) => reasons.push(reason));
    for (const reason of [...failures, ...reasons])
      expect(reason).toMatchObject({ code: 'ERR_REQUEST_ANSWERED' });
    expect(reasons).toHaveLength(2);
  });

  test('are still there then if they are kept', async () => {
    for (const [name, take] of Object.entries(READS)) {
      const { content, endTurn } = begin('abc');
      content.finish();
      content.keep();
      endTurn(true);
      expect(await take(content)).toBe(name === 'takeText()' ? undefined : 'abc');
    }
    const { content, endTurn } = begin('abc');
    endTurn();
    push(content, 'd');
    content.keep();
    content.finish();
    expect([await read(content), await read(content)]).toEqual(['abc', 'd']);
  });

  test('are dropped when the content is cancelled', async () => {
    const { content, endTurn } = begin('abc');
    content.cancel();
    endTurn();
    expect([await read(content), content.takeText(), text(await content.readWhole())]).toEqual([
      END,
      undefined,
      '',
    ]);
  });

  test('fill the window as other pieces do', async () => {
    const { content, endTurn } = begin('x'.repeat(60_000));
    expect(content.hungry).toBe(true);
    endTurn();
    push(content, 'x'.repeat(10_000));
    expect(content.hungry).toBe(false);
    await content.read();
    expect(content.hungry).toBe(true);
  });

  test('leave room for the rest of an announced length', () => {
    const content = make({ length: 5, expects: true });
    content.begin(Buffer.from('abc'), 0, 3);
    expect(content.expectsContinue).toBe(false);
    void content.readWhole();
    expect(content.room()).toHaveLength(2);
  });
});

test('100 Continue is not needed when content has begun to arrive', () => {
  const content = make({ expects: true });
  push(content, 'a');
  expect(content.expectsContinue).toBe(false);
});

/** Returns bytes that differ at every position. */
function pattern(size: number): Buffer {
  const words = Uint32Array.from({ length: Math.ceil(size / 4) }, (_, i) => Math.imul(i + 1, 0x9e3779b1));
  return Buffer.from(words.buffer, 0, size);
}

describe('landing', () => {
  const READ_BYTES = 65_536;

  /** Copies up to `size` bytes into the room of the content, as a read does. @returns how many */
  function land(content: ReceivedContent, from: Buffer, size: number): number {
    const room = content.room();
    if (room === undefined) throw new Error('no room');
    const bytes = Math.min(size, room.length);
    room.set(from.subarray(0, bytes));
    content.landed(bytes);
    return bytes;
  }

  test('there is room when the length is known and the application reads', () => {
    const length = 200_000;
    const unread = make({ length });
    expect(unread.room()).toBeUndefined();
    push(unread, 'a');
    expect(unread.room()).toBeUndefined();
    void unread.read();
    expect(unread.room()).toHaveLength(READ_BYTES);
    const whole = make({ length });
    void whole.readWhole();
    expect(whole.room()).toHaveLength(READ_BYTES);
    const chunked = make();
    void chunked.read();
    expect(chunked.room()).toBeUndefined();
    const cancelled = make({ length });
    void cancelled.read();
    cancelled.cancel();
    expect(cancelled.room()).toBeUndefined();
    const ended = make({ length: 1 });
    void ended.read();
    push(ended, 'a');
    ended.finish([]);
    expect(ended.room()).toBeUndefined();
  });

  test.each(['piece by piece', 'whole'])('%s, never for more than the rest of the content', (kind) => {
    const content = make({ length: READ_BYTES + 100 });
    void (kind === 'whole' ? content.readWhole() : content.read());
    push(content, 'x'.repeat(99));
    expect(content.room()).toHaveLength(READ_BYTES);
    content.landed(1);
    expect(content.room()).toHaveLength(READ_BYTES);
    content.landed(READ_BYTES - 1);
    expect(content.room()).toHaveLength(1);
  });

  test('content that lands keeps its order among content that is pushed', async () => {
    const all = pattern(5 * READ_BYTES + 77);
    for (const sizes of [[READ_BYTES], [40_000, 30], [READ_BYTES, 1, 7000]])
      for (const way of ['pieces', 'whole', 'whole behind a piece', 'whole within a piece']) {
        const content = make({ length: all.length });
        const taken: Uint8Array[] = [];
        const first = content.read();
        content.push(all, 0, 500);
        taken.push((await first) as Uint8Array);
        let cursor = 500;
        const room = way === 'whole within a piece' ? content.room() : undefined;
        let whole =
          way.startsWith('whole') && way !== 'whole behind a piece' ? content.readWhole() : undefined;
        if (room !== undefined) {
          room.set(all.subarray(cursor, cursor + 300));
          content.landed(300);
          cursor += 300;
        }
        for (let i = 0; cursor < all.length; i++) {
          const next = whole === undefined ? content.read() : undefined;
          const size = sizes[i % sizes.length] as number;
          if (i % 4 === 3) {
            const end = Math.min(cursor + 1000, all.length);
            content.push(all, cursor, end);
            cursor = end;
          } else cursor += land(content, all.subarray(cursor), size);
          if (next !== undefined) taken.push((await next) as Uint8Array);
          if (i === 1 && way === 'whole behind a piece') whole = content.readWhole();
        }
        content.finish([]);
        if (whole !== undefined) taken.push(await whole);
        expect(Buffer.concat(taken).equals(all), `${sizes} as ${way}`).toBe(true);
      }
  });

  test('each piece keeps its bytes, in memory of its own', async () => {
    const all = pattern(6 * READ_BYTES);
    const content = make({ length: all.length });
    const pieces: Uint8Array[] = [];
    void content.read();
    for (let cursor = 0; cursor < all.length; ) cursor += land(content, all.subarray(cursor), 50_000);
    content.finish([]);
    for (let piece = await content.read(); piece !== undefined; piece = await content.read())
      pieces.push(piece);
    // The first piece went to the pending read().
    expect(Buffer.concat(pieces).equals(all.subarray(50_000))).toBe(true);
    expect(new Set(pieces.map(({ buffer }) => buffer)).size).toBe(pieces.length);
  });

  test('no small piece keeps much memory', async () => {
    const content = make({ length: 10 * READ_BYTES });
    for (const size of [1, READ_BYTES / 2 - 1, READ_BYTES / 2, READ_BYTES]) {
      const next = content.read();
      land(content, pattern(size), size);
      const piece = await next;
      expect(piece).toHaveLength(size);
      expect(piece?.buffer.byteLength).toBeLessThanOrEqual(2 * size);
    }
  });

  test('pieces that have landed and wait count for the window', async () => {
    const content = make({ length: 10 * READ_BYTES });
    const next = content.read();
    land(content, pattern(READ_BYTES), READ_BYTES);
    await next;
    expect(content.hungry).toBe(true);
    land(content, pattern(READ_BYTES), READ_BYTES);
    expect(content.hungry).toBe(false);
    expect(await content.read()).toHaveLength(READ_BYTES);
    expect(content.hungry).toBe(true);
  });

  test('an announced length takes no memory before the content arrives', () => {
    const content = make({ length: 2 ** 40 });
    void content.readWhole();
    expect(content.room()?.buffer.byteLength).toBe(1_048_576);
  });

  test('the whole has bytes of its own', async () => {
    const all = pattern(3_145_735);
    const content = make({ length: all.length });
    const whole = content.readWhole();
    for (let cursor = 0; cursor < all.length; ) cursor += land(content, all.subarray(cursor), READ_BYTES);
    content.finish([]);
    const bytes = await whole;
    expect(all.equals(bytes)).toBe(true);
    expect(bytes.buffer.byteLength).toBe(all.length);
  });

  test('content that lands after cancel() is dropped, and leaves earlier pieces as they are', async () => {
    const all = pattern(2 * READ_BYTES);
    for (const whole of [false, true]) {
      const content = make({ length: all.length });
      const given = whole ? content.readWhole() : content.read();
      land(content, all, READ_BYTES);
      const room = content.room();
      content.cancel();
      const bytes = await given;
      room?.set(all.subarray(READ_BYTES));
      content.landed(READ_BYTES);
      expect(all.subarray(0, READ_BYTES).equals(bytes as Uint8Array)).toBe(true);
      expect([await read(content), content.hungry]).toEqual([END, true]);
    }
  });

  test('100 Continue is not needed when content has landed', () => {
    const content = make({ length: 3, expects: true });
    void content.read();
    land(content, Buffer.from('abc'), 3);
    expect(content.expectsContinue).toBe(false);
  });
});
