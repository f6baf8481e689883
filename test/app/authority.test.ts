// Which scheme and authority a request is for, and whether the server answers for them.

import { describe, expect, test } from 'vitest';
import { parseAllowedHost } from '../../src/app/allowed-hosts.ts';
import { Authority, headOfTarget } from '../../src/app/authority.ts';
import { Headers } from '../../src/app/headers.ts';
import type { Access } from '../../src/connection/access.ts';
import { FakeHead, type Field, received } from './request-fixture.ts';

const PROTO: Access = { trustProxy: 1, trustProxyField: ['x-forwarded-for', 'x-forwarded-proto'] };
const FORWARDED: Access = { trustProxy: 1, trustProxyField: ['forwarded'] };

function answers(access: Access, target: string, host?: string, ...more: Field[]): boolean {
  const fields: Field[] = host === undefined ? more : [['Host', host], ...more];
  return new Authority(access).answersFor(received(new FakeHead(fields, 'GET', target)));
}

describe('a target with the scheme https', () => {
  const secure: Field = ['X-Forwarded-Proto', 'https'];

  test('is accepted only when a trusted proxy reports that the request came by https', () => {
    for (const target of ['https://a/b', 'HTTPS://a', 'https://a?b']) {
      expect(answers({ trustProxy: 0 }, target, 'a', secure)).toBe(false);
      expect(answers({ trustProxy: 1 }, target, 'a', secure)).toBe(false);
      expect(answers(PROTO, target, 'a')).toBe(false);
      expect(answers(PROTO, target, 'a', ['X-Forwarded-Proto', 'http'])).toBe(false);
      expect(answers(PROTO, target, 'a', secure)).toBe(true);
      expect(answers(FORWARDED, target, 'a', secure)).toBe(false);
      expect(answers(FORWARDED, target, 'a', ['Forwarded', 'for=x;proto=https'])).toBe(true);
      expect(answers(FORWARDED, target, 'a', ['Forwarded', 'proto=https, for=x'])).toBe(false);
    }
  });

  test('is accepted by a listener of HTTPS, and not by a plain listener beside it', () => {
    const authority = new Authority({ trustProxy: 0, speaksTls: true });
    const head = new FakeHead([['Host', 'a']], 'GET', 'https://a/b');
    expect(authority.answersFor(received(head, 'https'))).toBe(true);
    expect(authority.answersFor(received(head, 'http'))).toBe(false);
  });

  test('is refused when a trusted proxy that speaks TLS reports that its client came by http', () => {
    const authority = new Authority({ ...PROTO, speaksTls: true });
    const head = (proto: string) =>
      new FakeHead(
        [
          ['Host', 'a'],
          ['X-Forwarded-Proto', proto],
        ],
        'GET',
        'https://a/b',
      );
    expect(authority.answersFor(received(head('http'), 'https'))).toBe(false);
    expect(authority.answersFor(received(head('https'), 'https'))).toBe(true);
  });

  test('may occur only when a listener speaks TLS or a proxy reports the scheme', () => {
    expect(new Authority().maybeHttps).toBe(false);
    expect(new Authority({ trustProxy: 1 }).maybeHttps).toBe(false);
    expect(new Authority(PROTO).maybeHttps).toBe(true);
    expect(new Authority(FORWARDED).maybeHttps).toBe(true);
    expect(new Authority({ trustProxy: 0, speaksTls: true }).maybeHttps).toBe(true);
  });

  test('a target with the scheme http, or a path, is accepted however the request came', () => {
    for (const target of ['/', 'http://a/', '*', '/https://a'])
      for (const fields of [[], [secure]]) expect(answers(PROTO, target, 'b', ...fields)).toBe(true);
    const encrypted = received(new FakeHead([['Host', 'b']], 'GET', 'http://a/'), 'https');
    expect(new Authority({ trustProxy: 0, speaksTls: true }).answersFor(encrypted)).toBe(true);
  });
});

describe('allowed hosts', () => {
  const allowedHosts = [
    'a.example',
    '*.b.example',
    'localhost:8080',
    '127.0.0.1',
    '::1',
    '*.c.example:81',
    'bücher.example',
  ];
  const listed = (target: string, host?: string, ...more: Field[]) =>
    answers({ ...PROTO, allowedHosts }, target, host, ...more);

  test.each([
    'a.example',
    'A.Example',
    'a.example.',
    'a.example:80',
    'a.example:8443',
    'a.example.:1',
    '%61.example',
    'x.b.example',
    'y.x.B.example.',
    'x.b.example:99',
    'localhost:8080',
    'LOCALHOST.:08080',
    '127.0.0.1',
    '127.0.0.1:1',
    '127.1',
    '0x7f000001',
    '[::1]',
    '[0:0::1]:80',
    'x.c.example:81',
    'xn--bcher-kva.example',
  ])('include %s', (host) => {
    expect(listed('/', host)).toBe(true);
    expect(listed(`http://${host}/x`, 'evil.example')).toBe(true);
    expect(listed(`http://${host}`, 'evil.example')).toBe(true);
    expect(listed(`http://${host}?x`, 'evil.example')).toBe(true);
  });

  test.each([
    'evil.example',
    'a.example.evil',
    'xa.example',
    'a.example..',
    'x.a.example',
    'b.example',
    'xb.example',
    '.b.example.evil',
    '.b.example',
    'x..b.example',
    'localhost',
    'localhost:80',
    'localhost:8081',
    '127.0.0.2',
    '[::2]',
    'x.c.example',
    'x.c.example:8',
    'x.c.example:811',
    // These are not hosts of a URL. The host that replaces them in request.url does not count.
    '1.2.3.4.5',
    'a.example:99999',
    'a.example%2f',
    'user@a.example',
    'a.example/',
    'a.example,b',
    ':80',
  ])('do not include %s', (host) => {
    expect(listed('/', host)).toBe(false);
  });

  test('do not include a request without a Host, whatever its version', () => {
    for (const target of ['/', '*']) {
      expect(listed(target)).toBe(false);
      expect(listed(target, '')).toBe(false);
    }
    expect(listed('*', 'a.example')).toBe(true);
    expect(listed('http://a.example/')).toBe(true);
  });

  test('are compared with the authority of the target, otherwise with Host, and with no other field', () => {
    expect(listed('http://evil.example/', 'a.example')).toBe(false);
    expect(listed('//a.example/', 'evil.example')).toBe(false);
    expect(listed('/http://a.example/', 'evil.example')).toBe(false);
    expect(
      listed('/', 'evil.example', ['X-Forwarded-Host', 'a.example'], ['Forwarded', 'host=a.example']),
    ).toBe(false);
  });

  test("a missing port is the scheme's default port", () => {
    const secure: Field = ['X-Forwarded-Proto', 'https'];
    const ports = (entry: string, target: string, host: string, ...more: Field[]) =>
      answers({ ...PROTO, allowedHosts: [entry] }, target, host, ...more);
    expect(ports('a:80', '/', 'a')).toBe(true);
    expect(ports('a:80', '/', 'a', secure)).toBe(false);
    expect(ports('a:443', '/', 'a', secure)).toBe(true);
    expect(ports('a:443', 'https://a/', 'b', secure)).toBe(true);
    expect(ports('a:443', 'https://a/', 'b')).toBe(false);
    expect(ports('a:443', '/', 'a')).toBe(false);
  });

  test('each of several requests is judged by itself', () => {
    const authority = new Authority({ trustProxy: 0, allowedHosts });
    const one = (host: string) => authority.answersFor(received(new FakeHead([['Host', host]])));
    expect(['a.example', 'evil', 'a.example', 'evil', 'evil', 'localhost:8080'].map(one)).toEqual([
      true,
      false,
      true,
      false,
      false,
      true,
    ]);
  });

  test.each([
    '',
    '*',
    '*.',
    '.a',
    'a..b',
    'a b',
    'a/b',
    'http://a',
    'user@a',
    'a:0',
    'a:65536',
    'a:',
    'a:x',
    'a.*',
    '*a.b',
    '**.a',
    '*.*.a',
    '*.127.0.0.1',
    '*.[::1]',
    '1.2.3.4.5',
    '[::1',
    '::g',
    'a?b',
    'a#b',
    'a\tb',
    '[::1]x',
    '::1%lo',
  ])('%j is not a valid entry', (entry) => {
    expect(() => parseAllowedHost(entry)).toThrow(
      `'${entry}' is not a host: write example.com, *.example.com, localhost:8080 or [::1]`,
    );
  });
});

test('a handler sees the host of a target in absolute-form as Host', () => {
  const fields: Field[] = [
    ['X-Before', '1'],
    ['Host', 'evil.example'],
    ['X-After', '2'],
  ];
  const headers = (target: string, ...given: Field[]) =>
    Object.fromEntries(new Headers(headOfTarget(new FakeHead(given, 'GET', target))));
  const others = { 'x-after': '2', 'x-before': '1' };
  expect(headers('http://b:81/c', ...fields)).toEqual({ ...others, host: 'b:81' });
  expect(headers('HTTPS://B?c', ...fields)).toEqual({ ...others, host: 'B' });
  expect(headers('/c', ...fields)).toEqual({ ...others, host: 'evil.example' });
  expect(headers('*', ...fields)).toEqual({ ...others, host: 'evil.example' });
  expect(headers('http://b/')).toEqual({});
});
