// How a server is named by its listeners.

import { describe, expect, test } from 'vitest';
import { httpsPort, type ListenerOptions, mainListener, urlOf } from '../../src/connection/address.ts';
import { endpointOf } from '../../src/connection/endpoint.ts';
import { PUBLIC } from '../support/ways.ts';

const tcp = (
  port: number,
  protocol: 'plain' | 'tls' = 'plain',
  serves: ListenerOptions['serves'] = 'public',
) => ({ address: { host: '127.0.0.1', port }, protocol, serves }) satisfies ListenerOptions;
const path: ListenerOptions = { address: { path: '/run/a.sock' }, protocol: 'plain', serves: 'public' };

describe('the listener that names a server', () => {
  test('is the first public port', () => {
    expect(mainListener([path, tcp(1), tcp(2)])).toEqual(tcp(1));
  });

  test('is never one that redirects', () => {
    expect(mainListener([tcp(1, 'plain', 'redirect'), tcp(2, 'tls')])).toEqual(tcp(2, 'tls'));
    expect(mainListener([tcp(1, 'plain', 'redirect'), path])).toEqual(path);
  });
});

describe('the port that redirects lead to', () => {
  test('is the first one of HTTPS', () => {
    expect(httpsPort([tcp(80, 'plain', 'redirect'), path, tcp(81), tcp(8443, 'tls'), tcp(2, 'tls')])).toBe(
      8443,
    );
    expect(httpsPort([tcp(0, 'tls'), tcp(80, 'plain', 'redirect')])).toBe(0);
  });

  test('is that of the scheme if no listener of HTTPS has one', () => {
    expect(httpsPort([tcp(80, 'plain', 'redirect'), { ...path, protocol: 'tls' }])).toBe(443);
  });

  test('is needed to redirect, and only for that', () => {
    const redirecting = tcp(80, 'plain', 'redirect');
    expect(endpointOf(redirecting, PUBLIC, undefined, 8443).redirectPort).toBe(8443);
    expect(endpointOf(tcp(80), PUBLIC, undefined, 8443).redirectPort).toBe(0);
    expect(() => endpointOf(redirecting, PUBLIC, undefined, 0)).toThrow('needs the port of HTTPS');
    expect(endpointOf(tcp(80), PUBLIC, undefined, 0).redirectPort).toBe(0);
  });
});

describe('the URL of a listener', () => {
  const urlAt = (host: string, protocol: 'plain' | 'tls') => urlOf({ address: { host, port: 81 }, protocol });

  test('begins with https if its clients speak TLS', () => {
    expect(urlAt('127.0.0.1', 'plain')).toBe('http://127.0.0.1:81');
    expect(urlAt('127.0.0.1', 'tls')).toBe('https://127.0.0.1:81');
    expect(urlAt('::1', 'tls')).toBe('https://[::1]:81');
    expect(urlAt('fe80::1%lo', 'tls')).toBe('https://[fe80::1]:81');
  });

  test('of a path has no scheme of HTTP', () => {
    expect(urlOf(path)).toBe('unix:/run/a.sock');
  });
});
