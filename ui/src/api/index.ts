// The server as the page sees it: shapes, calls, live events.
export * from './client';
export * from './live';
export { mistakeIn } from './places';
export * from './types';
