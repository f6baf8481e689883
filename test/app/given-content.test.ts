// The content that is taken from the platform's Response without reading its stream, where this version of Node allows it.

import { describe, expect, test } from 'vitest';
import { findInternal, takeContent } from '../../src/app/given-content.ts';
import { NativeResponse } from '../../src/app/native.ts';
import { Response as LightResponse } from '../../src/app/response.ts';

const NODE = Number(process.versions.node.split('.')[0]);
const bytes = (text: string) => new TextEncoder().encode(text);

/** Content that a program gave, as text, and whether it was bytes. */
function taken(response: Response): [text: string, isBytes: boolean] | undefined {
  const content = takeContent(response);
  if (content === undefined) return undefined;
  return [Buffer.from(content as string).toString(), typeof content !== 'string'];
}

test('the trial of the internal member succeeds in Node 20 and 22, and fails in later versions', () => {
  expect(findInternal(NativeResponse) !== undefined).toBe(NODE <= 22);
});

describe.runIf(NODE <= 22)(
  'content that a program gave is taken once, and the response counts as read:',
  () => {
    test.each<[string, () => Response | Promise<Response>, [text: string, isBytes: boolean]]>([
      ['a string', () => new NativeResponse('hä'), ['hä', false]],
      ['bytes', () => new NativeResponse(bytes('hä')), ['hä', true]],
      ['part of a buffer', () => new NativeResponse(Buffer.from('abcd').subarray(1, 3)), ['bc', true]],
      ['an ArrayBuffer', () => new NativeResponse(bytes('a').buffer), ['a', true]],
      ['bytes of no length', () => new NativeResponse(bytes('')), ['', true]],
      ['JSON', () => NativeResponse.json({ a: 'ä' }), ['{"a":"ä"}', true]],
      ['a form', () => new NativeResponse(new URLSearchParams({ a: 'ä' })), ['a=%C3%A4', false]],
      ['a clone', () => new NativeResponse('a').clone(), ['a', false]],
      ['a fetched data: URL', () => fetch('data:text/plain,a'), ['a', true]],
      ['what a clone was made of', () => cloned('a', () => {}), ['a', false]],
      [
        'what a clone that has been read was made of',
        () => cloned('a', (clone) => clone.text()),
        ['a', false],
      ],
      ['a response whose reader has let go', letGo, ['a', false]],
    ])('%s', async (_, make, content) => {
      const response = await make();
      expect(taken(response)).toEqual(content);
      expect(response.bodyUsed).toBe(true);
      expect(takeContent(response)).toBeUndefined();
      await expect(response.text()).rejects.toThrow(TypeError);
    });

    function letGo(): Response {
      const response = new NativeResponse('a');
      response.body?.getReader().releaseLock();
      return response;
    }

    test('bytes are not those that the clone gives', async () => {
      const response = new NativeResponse(bytes('abc'));
      const clone = response.clone();
      const content = takeContent(response) as Uint8Array;
      const { value } = await clone.body!.getReader().read();
      value?.fill(0);
      expect(content).toEqual(bytes('abc'));
      expect(content.buffer.byteLength).toBe(3);
    });
  },
);

describe('the stream is read of', () => {
  class Other extends NativeResponse {
    override get body(): Response['body'] {
      return new NativeResponse('other').body;
    }
  }

  test.each<[string, () => Response | Promise<Response>]>([
    ['a stream', () => new NativeResponse(new NativeResponse('a').body)],
    ['a Blob', () => new NativeResponse(new Blob(['a']))],
    ['a form with parts', () => new NativeResponse(new FormData())],
    ['more than 64 KiB of bytes', () => new NativeResponse(new Uint8Array(65_537))],
    ['a class with another body', () => new Other('a')],
    ['a light response', () => new LightResponse('a')],
    ['a response without a body', () => new NativeResponse(null)],
    ['bytes whose clone has been read', () => cloned(bytes('a'), (clone) => clone.text())],
  ])('%s', async (_, make) => {
    const response = await make();
    const text = await textOf(await make());
    expect(takeContent(response)).toBeUndefined();
    expect(response.bodyUsed).toBe(false);
    expect(await textOf(response)).toBe(text);
  });

  /** The text of a body, with one boundary for all forms. */
  async function textOf(response: Response): Promise<string> {
    return (await response.text()).replace(/formdata-undici-\d+/g, 'boundary');
  }

  test.each<[string, (response: Response) => unknown]>([
    ['locked', ({ body }) => body?.getReader()],
    ['read', (response) => response.text()],
    ['cancelled', ({ body }) => body?.cancel()],
    ['partly read', partlyRead],
  ])('a response that is %s', async (_, use) => {
    const response = new NativeResponse('a');
    await use(response);
    expect(takeContent(response)).toBeUndefined();
  });

  async function partlyRead({ body }: Response): Promise<void> {
    const reader = body!.getReader();
    await reader.read();
    reader.releaseLock();
  }
});

async function cloned(
  body: string | Uint8Array<ArrayBuffer>,
  use: (clone: Response) => unknown,
): Promise<Response> {
  const response = new NativeResponse(body);
  await use(response.clone());
  return response;
}

describe('the trial', () => {
  const STATE = Symbol('state');
  interface Body {
    stream: ReadableStream | null;
    source: unknown;
    length: number | null;
  }

  /** A Response class that holds what it was given in its own way. */
  function classWith(held: (given: unknown, body: Body) => Body | null | undefined): typeof Response {
    return class Fake {
      readonly [STATE]: { body: Body | null | undefined };
      readonly native: Response;
      constructor(given: unknown) {
        this.native = new NativeResponse(given as string | null);
        const { body: stream } = this.native;
        const source = ArrayBuffer.isView(given) ? new Uint8Array(given as Uint8Array) : given;
        const body = {
          stream,
          source,
          length: typeof source === 'object' ? (source as Uint8Array)?.length : 1,
        };
        const known = given instanceof ReadableStream ? { ...body, source: null } : body;
        this[STATE] = { body: given === null ? null : held(given, known) };
      }
      get body() {
        return this.native.body;
      }
      get bodyUsed() {
        return this.native.bodyUsed;
      }
      clone() {
        return new Fake('clone');
      }
      static json(value: unknown) {
        return new Fake(bytes(JSON.stringify(value)));
      }
    } as unknown as typeof Response;
  }

  test('accepts a class that holds what it was given', () => {
    expect(findInternal(classWith((_, body) => body))).toBe(STATE);
  });

  test.each<[string, (given: unknown, body: Body) => Body | null | undefined]>([
    ['holds nothing', () => undefined],
    ['fails', () => expect.fail('no content')],
    ['holds another stream', (_, body) => ({ ...body, stream: new ReadableStream() })],
    ['holds the memory of the program', (given, body) => ({ ...body, source: body.source && given })],
    ['holds bytes of another length', (_, body) => ({ ...body, length: 1 })],
    [
      'holds no string',
      (given, body) => ({ ...body, source: typeof given === 'string' ? null : body.source }),
    ],
    ['holds all as text', (_, body) => ({ ...body, source: `${body.source}` })],
    ['holds text for a stream', (_, body) => ({ ...body, source: body.source ?? 'text' })],
  ])('rejects a class that %s', (_, held) => {
    expect(findInternal(classWith(held))).toBeUndefined();
  });
});
