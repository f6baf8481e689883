// The id of a request: the one that a trusted proxy has passed, or a new one of this thread.

import { isRequestId, RequestIds } from '../logs/request-ids.ts';
import type { Access } from './access.ts';
import type { Head } from './exchange.ts';

/** Makes the ids of a thread: those of its access log and of its application, so that no two are the same. */
export const idsOfThread = new RequestIds();

/** The id that a trusted proxy has passed with a request; undefined if there is none. */
export function passedId(head: Pick<Head, 'findField' | 'fieldValue'>, access: Access): string | undefined {
  const { requestIdField = 'x-request-id', trustProxy } = access;
  if (trustProxy === 0) return undefined;
  const index = head.findField(requestIdField);
  if (index < 0) return undefined;
  const id = head.fieldValue(index);
  return isRequestId(id) ? id : undefined;
}
