// An application on the plane of a test.

import type { AppEnvironment } from '../../src/app/context.ts';
import { prepareApp } from '../../src/app/dispatcher.ts';
import type { App } from '../../src/app/types.ts';
import type { Plane } from '../../src/connection/plane.ts';

/** Binds an application to a plane, in place of the application bound before. */
export async function attach(plane: Plane, app: App, environment: AppEnvironment): Promise<void> {
  (await prepareApp(plane, app, environment))();
}
