// STAND-IN, to be replaced: what makes the light classes the globals of a thread.

export function installGlobals(): void {}
