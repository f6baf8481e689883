// Rejects a Node that is too old, before any other file is evaluated. package.json names the same version in `engines`.

const OLDEST = '20.19';

const [oldestMajor = 0, oldestMinor = 0] = OLDEST.split('.').map(Number);
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < oldestMajor || (major === oldestMajor && minor < oldestMinor))
  throw new Error(
    `Node ${OLDEST} or later is needed, and this is Node ${process.versions.node}: install a newer one`,
  );

export {};
