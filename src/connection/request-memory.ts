// Where the bytes of a request are: in the slot while the application is called, and in copies after that.

import type { RecordHead } from '../wasm/head.ts';
import type { ReceivedContent } from './received-content.ts';

interface Request {
  readonly head: RecordHead;
  readonly content: ReceivedContent | undefined;
}

/** Copies what the slot still holds of the request, so that the request can be read after this turn. */
export function detachRequest({ content, head }: Request): void {
  head.detach();
  content?.detach();
}

/** Ends the use of the slot after the response. Reading a part of the request that has not been read fails from then on. */
export function releaseRequest({ content, head }: Request): void {
  head.release();
  content?.release();
}
