// The replay's pure part: no browser, no framework; tested with node alone.
export * from './badges';
export * from './context';
export * from './cost';
export * from './diff';
export * from './items';
export * from './lines';
export * as literal from './literal';
export * from './money';
export * from './parts';
export * from './reading';
export * from './search';
export * as timeline from './timeline';
export * from './transcript';
export * from './tree';
export * from './turns';
export * from './types';
export * from './words';
export * from './outline';
