// The report in a real browser: drawn, without a network, and no wider than a telephone.

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reportPage } from '../../bench/report/page.ts';
import { temporaryFolder } from '../support/fixtures.ts';
import { fixture, HOSTILE } from './fixture.ts';

const CHROMIUM = ['chromium', 'chromium-browser', 'google-chrome']
  .map((name) => join('/usr/bin', name))
  .find((path) => existsSync(path));
if (CHROMIUM === undefined) console.log('No Chromium in /usr/bin: the report is not tried in a browser.');

/** The first start of Chromium reads much from the disk. */
const START_MS = 60_000;

describe.skipIf(CHROMIUM === undefined)('the report in Chromium', () => {
  const folder = CHROMIUM === undefined ? '' : temporaryFolder('report');
  const file = join(folder, 'report.html');
  let browser: Browser;

  beforeAll(async () => {
    writeFileSync(file, reportPage(fixture()));
    browser = await chromium.launch({ executablePath: CHROMIUM as string, args: ['--no-sandbox'] });
  }, START_MS);
  afterAll(async () => {
    await browser?.close();
  });

  /** Opens the report, and records its errors and its requests. */
  async function open(width: number, colorScheme: 'light' | 'dark') {
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
    const complaints: string[] = [];
    const requests: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => requests.push(request.url()));
    await page.goto(pathToFileURL(file).href);
    return { page, complaints, requests };
  }

  /** Counts the pixels of each plot that are not transparent. */
  function inked(page: Page): Promise<number[]> {
    return page.$$eval('.plot canvas', (canvases) =>
      canvases.map((canvas) => {
        const { width, height } = canvas as HTMLCanvasElement;
        const context = (canvas as HTMLCanvasElement).getContext('2d') as CanvasRenderingContext2D;
        const { data } = context.getImageData(0, 0, width, height);
        return data.filter((alpha, i) => i % 4 === 3 && alpha > 0).length;
      }),
    );
  }

  it.each([
    [1280, 'light'],
    [1280, 'dark'],
    [390, 'light'],
    [390, 'dark'],
  ] as const)('draws every plot, and never scrolls sideways: %d pixels wide, %s', async (width, scheme) => {
    const { page, complaints, requests } = await open(width, scheme);
    const places = await page.$$('.plot');
    const ink = await inked(page);
    expect(ink).toHaveLength(places.length);
    for (const pixels of ink) expect(pixels).toBeGreaterThan(1000);
    // With all tables open, too.
    await page.$$eval('details', (all) => all.map((details) => details.setAttribute('open', '')));
    const content = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(content).toBeLessThanOrEqual(width);
    expect(complaints).toEqual([]);
    expect(requests).toEqual([pathToFileURL(file).href]);
    await page.close();
  });

  it.each([1280, 390])('breaks no word of a label: %d pixels wide', async (width) => {
    const { page } = await open(width, 'light');
    await page.$$eval('details', (all) => all.map((details) => details.setAttribute('open', '')));
    const broken = await page.$$eval('.name, .verdict, .figure, figcaption, nav a, th, .u-label', (labels) =>
      labels.flatMap((label) => {
        const texts = [...label.childNodes].filter((node) => node instanceof Text);
        return texts.flatMap((text) =>
          [...text.data.matchAll(/[\p{L}\p{N}]+/gu)].flatMap(({ 0: word, index }) => {
            const range = document.createRange();
            range.setStart(text, index);
            range.setEnd(text, index + word.length);
            return new Set([...range.getClientRects()].map(({ top }) => Math.round(top))).size > 1
              ? [word]
              : [];
          }),
        );
      }),
    );
    // A hostile name of the fixture is longer than a line.
    expect(broken.filter((word) => word.length < 30)).toEqual([]);
    await page.close();
  });

  it('follows the colour scheme of the system and the width of the window', async () => {
    const { page, complaints } = await open(1280, 'light');
    const plots = (await page.$$('.plot')).length;
    const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await paper();
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await paper()).not.toBe(light);
    expect(await inked(page)).toHaveLength(plots);
    await page.setViewportSize({ width: 390, height: 900 });
    await page.waitForFunction(() =>
      [...document.querySelectorAll('.uplot')].every((plot) => plot.clientWidth <= document.body.clientWidth),
    );
    expect(complaints).toEqual([]);
    await page.close();
  });

  it('shows the values under the pointer, and the last values without a pointer', async () => {
    const { page } = await open(1280, 'light');
    const legend = () => page.$eval('.plot .u-legend', (element) => element.textContent ?? '');
    expect(await legend()).toContain('2.3k');
    const area = await page.$('.plot .u-over');
    await area!.hover({ position: { x: 40, y: 50 } });
    await page.waitForFunction(() => document.querySelector('.u-legend .u-value')?.textContent === '40');
    await page.mouse.move(0, 0);
    await page.waitForFunction(() => document.querySelector('.u-legend .u-value')?.textContent === '2.3k');
    await page.close();
  });

  it('shows a hostile name as text', async () => {
    const { page } = await open(1280, 'light');
    expect(await page.$$('img')).toEqual([]);
    expect(await page.textContent('#models')).toContain(HOSTILE);
    await page.close();
  });
});
