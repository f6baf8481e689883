// The user that the server runs as, and the modes that let other users write to a file.

import { platform } from 'node:os';
import self from 'node:process';

export const ROOT = 0;
export const WRITABLE_BY_GROUP_OR_OTHERS = 0o022;

/** The user that the server runs as; undefined on Windows, which has no such users and modes. */
export function serverUser(): number | undefined {
  return platform() === 'win32' ? undefined : self.geteuid?.();
}
