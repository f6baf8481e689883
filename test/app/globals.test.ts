// The global names: the arguments they accept, the instances they have, and how they are restored.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { installGlobals } from '../../src/app/globals.ts';
import { NativeRequest, NativeResponse, nativeFetch, toBodiless, toNative } from '../../src/app/native.ts';
import { Response as LightResponse } from '../../src/app/response.ts';
import { send } from '../../src/app/send.ts';
import { FakeExchange } from './fake-exchange.ts';

let uninstall: () => void;
beforeEach(() => {
  uninstall = installGlobals();
});
afterEach(() => uninstall());

/** Ways to pass a light Request. */
class LightRequest {
  calls = 0;
  constructor(
    private readonly url: string,
    private readonly init?: RequestInit,
  ) {}
  [toNative]() {
    this.calls++;
    return new NativeRequest(this.url, this.init);
  }
}
Object.setPrototypeOf(LightRequest.prototype, NativeRequest.prototype);

function light(url = 'http://a.test/b', init?: RequestInit): Request & { calls: number } {
  return new LightRequest(url, init) as unknown as Request & { calls: number };
}

describe('the global names', () => {
  test('are installed and restored', () => {
    expect(Response).toBe(LightResponse);
    expect(Request).not.toBe(NativeRequest);
    expect([Response.name, Request.name, fetch.name]).toEqual(['Response', 'Request', 'fetch']);
    uninstall();
    expect(Response).toBe(NativeResponse);
    expect(Request).toBe(NativeRequest);
    expect(fetch).toBe(nativeFetch);
  });

  test('stay writable and configurable, and as enumerable as before', () => {
    const now = ['Response', 'Request', 'fetch'].map(shape);
    uninstall();
    expect(['Response', 'Request', 'fetch'].map(shape)).toEqual(now);
  });

  test('are not restored over a later replacement', () => {
    const other = async () => new NativeResponse();
    globalThis.fetch = other;
    uninstall();
    expect(fetch).toBe(other);
    globalThis.fetch = nativeFetch;
  });

  function shape(name: string) {
    const { writable, configurable, enumerable } = Object.getOwnPropertyDescriptor(globalThis, name)!;
    return { writable, configurable, enumerable };
  }
});

describe('instanceof', () => {
  test('Response has light and native responses as instances', () => {
    expect(new Response() instanceof Response).toBe(true);
    expect(new NativeResponse() instanceof Response).toBe(true);
    expect(new Response() instanceof NativeResponse).toBe(true);
  });

  test('Request has light and native requests as instances, and nothing else', () => {
    expect(light() instanceof Request).toBe(true);
    expect(new NativeRequest('http://a.test') instanceof Request).toBe(true);
    expect(new Request('http://a.test') instanceof Request).toBe(true);
    expect(new Request('http://a.test') instanceof NativeRequest).toBe(true);
    for (const other of [null, undefined, {}, 'http://a.test', new Response()])
      expect((other as object) instanceof Request).toBe(false);
  });

  test('a class that extends Request has only its own instances', () => {
    class Mine extends Request {}
    expect(new Mine('http://a.test') instanceof Mine).toBe(true);
    expect(new Request('http://a.test') instanceof Mine).toBe(false);
  });
});

describe('new Request', () => {
  test('accepts the same arguments as before', async () => {
    const request = new Request('http://a.test/b', { method: 'POST', body: 'c' });
    expect([request.method, request.url, await request.clone().text()]).toEqual([
      'POST',
      'http://a.test/b',
      'c',
    ]);
    expect(new Request(new URL('http://a.test/b')).url).toBe('http://a.test/b');
    expect(() => new Request('/relative')).toThrow(TypeError);
  });

  test('accepts a light request', async () => {
    const given = light('http://a.test/b', { method: 'PUT', body: 'c', headers: { a: '1' } });
    const request = new Request(given);
    expect([request.method, request.url, request.headers.get('a')]).toEqual(['PUT', 'http://a.test/b', '1']);
    expect(await request.text()).toBe('c');
    expect(given.calls).toBe(1);
  });

  test('accepts a light request with another body, which replaces its own', async () => {
    const bodiless = vi.fn(
      () => new NativeRequest('http://a.test/b', { method: 'PUT', headers: { a: '1' } }),
    );
    const used = Object.assign(light(), {
      [toBodiless]: bodiless,
      [toNative]: () => {
        throw new TypeError('used');
      },
    });
    const request = new Request(used, { body: 'new' });
    expect([request.method, request.headers.get('a'), await request.text()]).toEqual(['PUT', '1', 'new']);
    expect(() => new Request(used)).toThrow('used');
    for (const body of [null, undefined])
      expect(() => new Request(used, { body } as RequestInit)).toThrow('used');
    expect(bodiless).toHaveBeenCalledOnce();
  });

  test('accepts a light request with changes', () => {
    const request = new Request(light(), { method: 'DELETE' });
    expect([request.method, request.url]).toEqual(['DELETE', 'http://a.test/b']);
  });

  test('accepts a URL, with a light request as the second argument', async () => {
    const request = new Request('http://a.test/else', light('http://a.test', { method: 'PUT', body: 'c' }));
    expect([request.method, request.url, await request.text()]).toEqual(['PUT', 'http://a.test/else', 'c']);
  });

  test('copies a light request, so that later changes do not show', () => {
    expect(new Request(new Request(light())).clone() instanceof Request).toBe(true);
  });
});

describe('fetch', () => {
  test('accepts a light request, a URL with a light request as options, and native requests', async () => {
    const server = createServer((request, response) => {
      response.end(`${request.method} ${request.url}`);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      const head = { connection: 'close' };
      const put = { method: 'PUT', body: 'x', headers: head };
      const responses = await Promise.all([
        fetch(light(`${origin}/1`, { headers: head })),
        fetch(light(`${origin}/2`, { headers: head }), { method: 'DELETE', headers: head }),
        fetch(`${origin}/3`, light(origin, put)),
        fetch(new Request(`${origin}/4`, put)),
        fetch(new NativeRequest(`${origin}/5`, put)),
        fetch(`${origin}/6`, put),
      ]);
      expect(await Promise.all(responses.map((response) => response.text()))).toEqual([
        'GET /1',
        'DELETE /2',
        'PUT /3',
        'PUT /4',
        'PUT /5',
        'PUT /6',
      ]);
      for (const response of responses) expect(response instanceof Response).toBe(true);
    } finally {
      server.close();
    }
  });

  test('content that fetch() has decoded is sent decoded, with any Response class', async () => {
    const server = createServer((_, response) => {
      const content = gzipSync('content');
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': content.length });
      response.end(content);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const { body, headers } = await fetch(`http://127.0.0.1:${port}`, { headers: { connection: 'close' } });
      const exchange = new FakeExchange();
      send(exchange, new Response(body, { headers }));
      await exchange.finished;
      const [begin, piece] = exchange.calls;
      expect(begin?.[2]).not.toContain('content-encoding');
      expect(begin?.[3]).toBeUndefined();
      expect(piece).toEqual(['write', 'content']);
    } finally {
      server.close();
    }
  });

  test('rejects and never throws', async () => {
    const broken = { [toNative]: () => expect.fail('no native one') } as unknown as Request;
    await expect(fetch(broken)).rejects.toThrow('no native one');
    await expect(fetch('/relative')).rejects.toThrow(TypeError);
  });
});
