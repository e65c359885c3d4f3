// Where we are: path, query and fragment of the address bar as reactive values, and the only way to change them.
import { printQuery, readQuery, writeQuery, type Schema, type State } from './url';

export class Router {
  path = $state(location.pathname);
  query = $state.raw(new URLSearchParams(location.search));
  hash = $state(location.hash);
  /** What every address keeps, so that a link opens the same for a colleague: the project, for those who are in several. */
  project = '';

  /** Listens to Back, Forward and clicks on plain links inside Pawl; answers how to stop. */
  start(): () => void {
    const onPop = () => this.#read();
    const onClick = (event: MouseEvent) => this.#click(event);
    addEventListener('popstate', onPop);
    document.addEventListener('click', onClick);
    return () => {
      removeEventListener('popstate', onPop);
      document.removeEventListener('click', onClick);
    };
  }

  go(href: string, how: { replace?: boolean } = {}): void {
    const target = new URL(href, location.href);
    if (this.project && !target.searchParams.has('project')) target.search = printQuery(new URLSearchParams([...target.searchParams, ['project', this.project]]));
    if (target.href === location.href) return;
    history[how.replace ? 'replaceState' : 'pushState'](null, '', target);
    this.#read();
  }

  back(): void {
    history.back();
  }

  #read(): void {
    this.path = location.pathname;
    this.query = new URLSearchParams(location.search);
    this.hash = location.hash;
  }

  #click(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const anchor = event.target instanceof Element ? event.target.closest('a') : null;
    if (!anchor?.href || anchor.target || anchor.hasAttribute('download') || anchor.origin !== location.origin) return;
    if (!anchor.pathname.startsWith('/') || anchor.pathname.startsWith('/api/')) return;
    event.preventDefault();
    this.go(anchor.href);
  }
}

/** A page's own part of the query: `state.values.filter` reads, `state.set({filter})` writes. */
export class QueryState<S extends Schema> {
  readonly #router: Router;
  readonly #schema: S;

  constructor(router: Router, schema: S) {
    this.#router = router;
    this.#schema = schema;
  }

  get values(): State<S> {
    return readQuery(this.#schema, this.#router.query);
  }

  /** The address with the patch applied, for links. */
  href(patch: Partial<State<S>>): string {
    return this.#router.path + printQuery(writeQuery(this.#schema, this.#router.query, patch)) + this.#router.hash;
  }

  /** Back undoes a set; what moves all the time (cursor, width, playhead) is written with `replace`. */
  set(patch: Partial<State<S>>, how: { replace?: boolean } = {}): void {
    this.#router.go(this.href(patch), how);
  }
}
