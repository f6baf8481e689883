// The formats of log lines by name.

import { CombinedFormat } from './combined-format.ts';
import type { LineContext, LineFormat } from './entry.ts';
import { JsonFormat } from './json-format.ts';
import type { Escape } from './line.ts';
import { TextFormat } from './text-format.ts';

export const LOG_FORMATS = ['text', 'json', 'combined'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

export const ESCAPES: Record<LogFormat, Escape> = { text: 'hex', json: 'json', combined: 'hex' };

export function makeFormat(format: LogFormat, context: LineContext): LineFormat {
  if (format === 'json') return new JsonFormat(context);
  return format === 'text' ? new TextFormat(context) : new CombinedFormat(context);
}
