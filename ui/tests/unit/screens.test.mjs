// Every route has a picture in both themes (make screens).
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { pages } from '../screenlist.mjs';
import { load } from './bundle.mjs';

const { routeOf, boardIds, alertTabs, costTabs, reportTabs, settingsTabs } = await load('src/app/routes.ts');
const wanted = [
  'setup', 'join', 'compare', 'rule', 'incidents', 'incident', 'slos', 'datasets', 'dataset', 'mentions', 'scores', 'experiments', 'comparison', 'experiment', 'evaluators', 'missing',
  ...['sessions', 'traces', 'spans'].map((grain) => `list ${grain}`), 'replay session', 'replay trace', ...boardIds.map((id) => `board ${id}`),
  ...[['alerts', alertTabs], ['costs', costTabs], ['reports', reportTabs], ['settings', settingsTabs]].flatMap(([page, tabs]) => tabs.map((tab) => `${page} ${tab}`)),
];
const nameOf = ({ page, grain, kind, id, tab }) => [page, grain ?? (page === 'replay' ? kind : page === 'board' ? id : tab)].filter(Boolean).join(' ');

test('every route has a picture in both themes', () => {
  const seen = new Set(pages.map(([, path]) => nameOf(routeOf(new URL(path, 'http://pawl').pathname))));
  assert.deepEqual(wanted.filter((one) => !seen.has(one)), []);
  const files = pages.flatMap(([name]) => ['dark', 'light'].map((theme) => `${name}-${theme}.png`));
  assert.deepEqual(files.filter((file) => !existsSync(new URL(`../../../docs/screens/${file}`, import.meta.url))), []);
});
