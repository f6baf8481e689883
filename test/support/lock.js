// A process that locks a folder on command, reports the result, and holds the lock until it is killed.

import { lockFolder } from '#dist/durable/lock.js';

process.on('message', async (folder) => {
  try {
    await lockFolder(folder);
    process.send?.('taken');
  } catch (error) {
    process.send?.(error.message);
  }
});
process.send?.('here');
