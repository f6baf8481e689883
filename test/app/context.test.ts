// The context that handlers get beside the request.

import { expect, test } from 'vitest';
import { RequestContext } from '../../src/app/context.ts';
import type { Context, ServerView } from '../../src/app/types.ts';
import type { Access } from '../../src/connection/access.ts';
import type { Exchange } from '../../src/connection/exchange.ts';
import type { TlsConnection } from '../../src/tls/tls-connection.ts';
import { FakeHead, type Field, fakeExchange } from './request-fixture.ts';

const PROTO: Access = { trustProxy: 1, trustProxyField: ['x-forwarded-for', 'x-forwarded-proto'] };
const server = {} as ServerView;

function contextOf(
  exchange: Partial<Exchange>,
  access: Access = { trustProxy: 0 },
  ...fields: Field[]
): Context {
  const whole = Object.assign(fakeExchange(new FakeHead([['Host', 'a'], ...fields])), exchange);
  return new RequestContext(whole, { worker: 3, server, ...access });
}

test('protocol is the scheme of the listener, or the one that a trusted proxy reports', () => {
  const https: Field = ['X-Forwarded-Proto', 'https'];
  const http: Field = ['X-Forwarded-Proto', 'http'];
  expect(contextOf({ scheme: 'http' }).protocol).toBe('http');
  expect(contextOf({ scheme: 'https' }).protocol).toBe('https');
  expect(contextOf({ scheme: 'http' }, undefined, https).protocol).toBe('http');
  expect(contextOf({ scheme: 'http' }, PROTO, https).protocol).toBe('https');
  expect(contextOf({ scheme: 'https' }, PROTO, http).protocol).toBe('http');
  expect(contextOf({ scheme: 'https' }, PROTO).protocol).toBe('https');
});

test('httpVersion and tls are those of the exchange', () => {
  const tls = {} as TlsConnection;
  const context = contextOf({ httpVersion: '2', tls, scheme: 'https' });
  expect(context.httpVersion).toBe('2');
  expect(context.tls).toBe(tls);
  expect(contextOf({ scheme: 'http' }, PROTO, ['X-Forwarded-Proto', 'https']).tls).toBeUndefined();
});

test('the encryption is not looked at until a handler asks', () => {
  let asked = 0;
  const exchange = fakeExchange(new FakeHead([['Host', 'a']]));
  Object.defineProperty(exchange, 'tls', { get: () => void asked++ });
  const context = new RequestContext(exchange, { worker: 0, server, trustProxy: 0 });
  void [context.protocol, context.httpVersion, context.remoteAddress, context.worker, context.server];
  expect(asked).toBe(0);
  void context.tls;
  expect(asked).toBe(1);
});
