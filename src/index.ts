// The exports of the package 'hotpath', for programs and applications.

import './node-version.ts';

export { defineApp, type TypedAnswer, type TypedApp, type TypedRoute } from './app/define-app.ts';
export { fetch, Request } from './app/globals.ts';
export { type RateLimit, type RateLimitOptions, rateLimit } from './app/rate-limit.ts';
export { Response, type ResponseInit, type Trailers } from './app/response.ts';
export type {
  App,
  Context,
  ErrorHandler,
  FixedAnswer,
  Handler,
  Method,
  RouteAnswer,
  RouteParams,
  RouteRequest,
  Routes,
  RouteValue,
  ServerRequest,
  ServerView,
  StartContext,
  StartHook,
  StopContext,
  StopHook,
  StopReason,
} from './app/types.ts';
export { OptionError } from './option-kinds.ts';
export { type AppServer, type HandlersServer, type Server, serve } from './serve.ts';
export type { ServeAppOptions, ServeHandlersOptions, ServeOptions } from './serve-options.ts';
export { type Counted, counted } from './state/counted.ts';
export { type Counter, counter } from './state/counter.ts';
export { type Gauge, gauge } from './state/gauge.ts';
export { type Histogram, type HistogramSnapshot, histogram } from './state/histogram.ts';
export type { Labels } from './state/labels.ts';
export { LeaseExhaustedError } from './state/lease-exhausted.ts';
export { type Decision, type Limiter, type LimiterOptions, limiter } from './state/limiter.ts';
export { type Mutex, mutex } from './state/mutex.ts';
export type { Hold } from './state/mutex-hold.ts';
export type { TlsConnection } from './tls/tls-connection.ts';
export type { Pem, TlsPair } from './tls-options.ts';
export type { Statistics } from './wasm/statistics.ts';
