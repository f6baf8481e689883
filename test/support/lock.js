// A process that takes a folder when it is told to, says how that went, and holds it until it is killed.

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
