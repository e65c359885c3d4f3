// What the palette offers beside found ids: places that exist, and commands of the shell.
import { url, type Command, type IconName, type Router, type Theme } from '$kit';
import { boardIds } from './routes';

export interface Offer extends Command {
  group: 'Found for this id' | 'Go to' | 'Do' | 'Search';
  icon: IconName;
  href?: string;
  mono?: boolean;
}

/** A value as a filter writes it. */
export const quotedWord = (value: string): string => (/[\s",()\\]/.test(value) ? `"${value.replace(/["\\]/g, '\\$&')}"` : value);

export function placesOf(router: Router, values: { agents: readonly string[] }): Offer[] {
  const to = (label: string, href: string, icon: IconName, hint = ''): Offer => ({ group: 'Go to', label, hint, icon, href, run: () => router.go(href) });
  const agents = values.agents.map((agent) => to(`Agent ${agent}`, url.link('/sessions', { filter: `agent=${quotedWord(agent)}`, last: '7d' }), 'agent', 'its sessions of 7 days'));
  return [
    to('Sessions', '/sessions', 'lines', 'a conversation or job each'),
    to('Traces', '/traces', 'trace', 'a run each'),
    to('Spans', '/spans', 'span', 'a step each'),
    to('Dashboards', '/dashboards/fleet', 'bars', 'the fleet at a glance'),
    to('Costs', '/costs', 'money', 'by team, agent, model, task; adds up'),
    to('Budgets', '/costs/budgets', 'money', 'spent, forecast, the day they run out'),
    to('Bills of providers', '/costs/bills', 'money', 'beside what was seen, with likely reasons'),
    to('Alerts', '/alerts', 'bell', 'what fires, rules, channels, silences'),
    to('New alert rule', '/alerts/rule/new', 'bell', 'tried on 30 days before it is saved'),
    to('Incidents', '/incidents', 'issue', 'timelines, runbooks, post-mortems'),
    to('SLOs', '/slos', 'target', 'objectives, error budgets, burn'),
    to('Reports', '/reports', 'file', 'the week on a page; schedules, links'),
    to('Experiments', '/experiments', 'flask', 'a version on every case; two beside each other'),
    to('Datasets', '/datasets', 'cases', 'cases that every version is tried on'),
    to('New dataset', '/datasets?do=new', 'plus'),
    to('Evaluators', '/evaluators', 'check', 'tried on past traces'),
    to('Scores', '/scores', 'star', 'what a score may be'),
    to('Mentions', '/mentions', 'comment', 'comments that name you'),
    ...agents.slice(0, 5),
    to('Settings', '/settings', 'settings', 'keys, masking, addresses'),
    to('What comes in', '/settings/intake', 'down', 'received, refused, set aside, without a price'),
    to('You', '/settings/me', 'user', 'theme, log-ins'),
    ...boardIds.map((id) => to(`Dashboard ${id}`, `/dashboards/${id}`, 'bars')),
    ...agents.slice(5),
  ];
}

export function commandsOf(theme: Theme, actions: { fold: () => void; sheet: () => void; logout: (() => void) | null }, copied: () => void): Offer[] {
  const command = (label: string, icon: IconName, run: () => void, key?: string, hint?: string): Offer => ({ group: 'Do', label, icon, run, ...(key ? { key } : {}), ...(hint ? { hint } : {}) });
  return [
    command(theme.dark ? 'Switch to light theme' : 'Switch to dark theme', theme.dark ? 'sun' : 'moon', () => theme.toggle(), 'shift+l'),
    command('Follow the system’s theme', 'screen', () => theme.choose('auto')),
    command('Fold or unfold the navigation', 'columns', actions.fold, '['),
    command('All keys', 'key', actions.sheet, '?'),
    command('Copy the address of this page', 'link', () => void navigator.clipboard.writeText(location.href).then(copied), undefined, 'it opens just this'),
    ...(actions.logout ? [command('Log out', 'user', actions.logout)] : []),
  ];
}

/** Every word of what was typed stands somewhere in the label or hint; a hit at the start is better. */
export function rank(offer: Offer, typed: string): number {
  const text = `${offer.label} ${offer.hint ?? ''}`.toLowerCase();
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.every((word) => text.includes(word))) return 0;
  return words.every((word) => text.startsWith(word) || text.includes(` ${word}`)) ? 2 : 1;
}

