// The exports of 'hotpath/test', for tests of applications. Applications themselves need none of it.

import './node-version.ts';

export { type Fetching, type TestedApp, type TestOptions, testApp } from './testing/test-app.ts';
