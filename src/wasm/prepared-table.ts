// The prepared responses of a slot, which the engine sends without JavaScript: a table of entries, the texts of all
// entries behind it, and the routes, which say what entry answers a path. Responses that no path leads to come first, in
// the table and among the texts, so that the routes can be taken out and replaced.

import { bucketOf } from '../memory/bucket.ts';
import { ERROR_MISDIRECTED, PREPARED_DEFAULT, PREPARED_NONE, PREPARED_REDIRECT } from '../memory/codes.ts';
import {
  CONTROL_FALLBACK,
  CONTROL_HTTPS,
  CONTROL_REDIRECT,
  CONTROL_ROUTE_COUNT,
  HEADER_HEAD_BYTES_MAX,
  PREPARED,
  PREPARED_BARE,
  PREPARED_CELLS,
  PREPARED_CONDITIONAL,
  PREPARED_CONTENT,
  PREPARED_CONTENT_BYTES,
  PREPARED_COUNT_MAX,
  PREPARED_COUNTER,
  PREPARED_ENTRY_BYTES,
  PREPARED_HEAD,
  PREPARED_HEAD_BYTES,
  PREPARED_MODIFIED,
  PREPARED_NEXT,
  PREPARED_PATH,
  PREPARED_PATH_BYTES,
  PREPARED_RESPONSE_BYTES_MAX,
  PREPARED_TAG,
  PREPARED_TAG_BYTES,
  PREPARED_TEXT,
  PREPARED_TEXT_BYTES,
  ROUTE_BUCKET_COUNT,
  ROUTES,
} from '../memory/layout.ts';
import type { Views } from '../memory/views.ts';
import type { Prepared } from '../protocol/prepared.ts';
import { ALL_PATHS, type Figures, NO_ROUTE } from './figures.ts';
import { rowPointer } from './state/rows.ts';

/** The engine copies texts 16 bytes at a time, past their ends, too: each text begins at a multiple of 16. */
const TEXT_ALIGNMENT = 16;
/** More bytes than a redirect takes without the parts of its request and the end of its head. */
const REDIRECT_BYTES_MAX = 128;

export class PreparedTable {
  /** The end of all texts. */
  private textEnd: number;
  /** The end of the texts of the responses that no path leads to. */
  private fixedTextEnd: number;
  /** Index of the first route's response. It is never PREPARED_DEFAULT, which ends the chain of a bucket. */
  private nextIndex = PREPARED_DEFAULT + 1;

  /**
   * Clears the routes of the slot's last owner, and has the built-in response answer every request.
   * @param buffer the whole memory
   * @param slot pointer of the slot
   */
  constructor(
    private readonly views: Views,
    private readonly buffer: Buffer,
    private readonly slot: number,
    private readonly figures: Figures,
  ) {
    this.textEnd = slot + PREPARED_TEXT;
    this.fixedTextEnd = this.textEnd;
    this.forgetRoutes();
    this.fallback = PREPARED_DEFAULT;
    this.refusesHttps = true;
    this.redirectsAll = true;
  }

  /** Index of the prepared response to a request that no path answers; PREPARED_NONE: the caller of serve() answers it. */
  set fallback(index: number) {
    this.setWord(CONTROL_FALLBACK, index);
  }

  /**
   * Whether a target with the scheme https is answered with 421 (RFC 9110 7.4), since no connection of this slot uses
   * https. Otherwise the caller of serve() answers it.
   */
  set refusesHttps(refuses: boolean) {
    this.setWord(CONTROL_HTTPS, refuses ? -ERROR_MISDIRECTED : PREPARED_NONE);
  }

  /**
   * Whether every request of a connection that redirects is redirected. Otherwise the caller of serve() decides, since only
   * the caller knows the allowed hosts.
   */
  set redirectsAll(all: boolean) {
    this.setWord(CONTROL_REDIRECT, all ? PREPARED_REDIRECT : PREPARED_NONE);
  }

  /**
   * Puts a response that no path leads to at its index, and removes all routes.
   * @throws RangeError when it is too large, or the table or its text region is full; then nothing is changed
   */
  put(prepared: Prepared): void {
    this.checkRoom(prepared, '', this.fixedTextEnd);
    this.forgetRoutes();
    const route = prepared.index === PREPARED_DEFAULT ? ALL_PATHS : NO_ROUTE;
    this.place(prepared, this.figures.cellsOf(route));
    this.fixedTextEnd = this.textEnd;
    this.nextIndex = Math.max(this.nextIndex, prepared.index + 1);
  }

  /**
   * Has the engine answer GET and HEAD of exactly `path` with a response.
   * @param path as it stands in a request target, without a query
   * @returns the index of the response
   * @throws RangeError when it is too large, or the table or its text region is full; then nothing is changed
   */
  addRoute(path: string, prepared: Omit<Prepared, 'index'>): number {
    const index = this.nextIndex + this.word(CONTROL_ROUTE_COUNT);
    const placed = { ...prepared, index };
    this.checkRoom(placed, path, this.textEnd);
    this.place(placed, this.figures.cellsOf(path));
    const text = this.addText(path);
    const bucket = ROUTES + bucketOf(this.views.bytes, text, path.length) * 4;
    const entry = PREPARED + index * PREPARED_ENTRY_BYTES;
    this.setWord(entry + PREPARED_PATH, text);
    this.setWord(entry + PREPARED_PATH_BYTES, path.length);
    this.setWord(entry + PREPARED_NEXT, this.word(bucket));
    this.setWord(bucket, index);
    this.setWord(CONTROL_ROUTE_COUNT, this.word(CONTROL_ROUTE_COUNT) + 1);
    return index;
  }

  /** Returns the pointer of the figures of the route that response `index` answers. */
  cellsOf(index: number): number {
    return this.word(PREPARED + index * PREPARED_ENTRY_BYTES + PREPARED_CELLS);
  }

  /** Returns more bytes than response `index` takes, without the end of its head. */
  bytesMax(index: number): number {
    if (index !== PREPARED_REDIRECT) return PREPARED_RESPONSE_BYTES_MAX;
    // The parts of the request that it repeats are smaller than the head of the request.
    return (this.views.words[HEADER_HEAD_BYTES_MAX >> 2] as number) + REDIRECT_BYTES_MAX;
  }

  /** Removes all routes and their responses. */
  forgetRoutes(): void {
    const routes = (this.slot + ROUTES) >> 2;
    this.views.words.fill(0, routes, routes + ROUTE_BUCKET_COUNT);
    this.setWord(CONTROL_ROUTE_COUNT, 0);
    this.textEnd = this.fixedTextEnd;
  }

  /** @param textEnd where the texts of the response would begin */
  private checkRoom(prepared: Prepared, path: string, textEnd: number): void {
    const { index, head, content, counter, conditional } = prepared;
    if (index >= PREPARED_COUNT_MAX) throw new RangeError(`no room for prepared response ${index}`);
    const bytes = Math.max(head.length + content.length, conditional?.head.length ?? 0);
    if (bytes > PREPARED_RESPONSE_BYTES_MAX)
      throw new RangeError(`a prepared response has at most ${PREPARED_RESPONSE_BYTES_MAX} bytes`);
    if (counter >= 0) rowPointer(counter);
    let end = textEnd + aligned(head) + aligned(content) + aligned(path);
    if (conditional !== undefined) end += aligned(conditional.head) + aligned(conditional.tag);
    if (end > this.slot + PREPARED_TEXT + PREPARED_TEXT_BYTES)
      throw new RangeError('too many prepared responses');
  }

  /** @param cells pointer of the figures of its route */
  private place({ index, head, content, counter, bare, conditional }: Prepared, cells: number): void {
    const entry = PREPARED + index * PREPARED_ENTRY_BYTES;
    this.setWord(entry + PREPARED_CELLS, cells);
    this.setWord(entry + PREPARED_HEAD, this.addText(head));
    this.setWord(entry + PREPARED_HEAD_BYTES, head.length);
    this.setWord(entry + PREPARED_CONTENT, this.addText(content));
    this.setWord(entry + PREPARED_CONTENT_BYTES, content.length);
    this.setWord(entry + PREPARED_COUNTER, counter < 0 ? 0 : rowPointer(counter));
    this.setWord(entry + PREPARED_BARE, bare ? 1 : 0);
    this.setWord(entry + PREPARED_CONDITIONAL, conditional === undefined ? 0 : 1);
    if (conditional === undefined) return;
    this.setWord(entry + PREPARED_TAG, this.addText(conditional.tag));
    this.setWord(entry + PREPARED_TAG_BYTES, conditional.tag.length);
    this.views.doubles[(this.slot + entry + PREPARED_MODIFIED) >> 3] = conditional.modified;
    const unmodified = { head: conditional.head, content: '', counter: -1, bare: true };
    this.place({ ...unmodified, index: unmodifiedIndex(index) }, cells);
  }

  private addText(text: string): number {
    const at = this.textEnd;
    this.buffer.write(text, at, 'latin1');
    this.textEnd = at + aligned(text);
    return at;
  }

  private word(offset: number): number {
    return this.views.words[(this.slot + offset) >> 2] as number;
  }

  private setWord(offset: number, value: number): void {
    this.views.words[(this.slot + offset) >> 2] = value;
  }
}

/** Index of the 304 that takes the place of response `index` when the conditions of a request ask for it. */
export function unmodifiedIndex(index: number): number {
  return index + PREPARED_COUNT_MAX;
}

/** How many bytes a text takes. */
function aligned(text: string): number {
  return Math.ceil(text.length / TEXT_ALIGNMENT) * TEXT_ALIGNMENT;
}
