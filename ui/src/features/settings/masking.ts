// What the project hides before it is stored: kinds of secrets and personal data, own patterns, who may see sealed originals.
import type { Api } from '$api';

export type Mode = 'off' | 'mask' | 'dual';
export interface Kind {
  name: string;
  about: string;
  on: boolean;
  group?: string;
  mode?: Mode;
  masked?: number;
  sealed?: number;
}
export interface Pattern {
  name: string;
  pattern: string;
  mode: Mode;
  masked?: number;
  sealed?: number;
}
export interface Rules {
  kinds: Kind[];
  patterns?: Pattern[];
  /** The least role that may see what is sealed. */
  reveal?: string;
  may_reveal?: boolean;
  since?: string;
  not_looked_into?: string[];
}
export interface Tried {
  masked: string;
  found: { kind: string; name: string; start: number; size: number; mode: Mode }[];
}
interface Change {
  /** By name; a server that knows no modes is told all that are masked. */
  kinds?: Record<string, Mode> | string[];
  patterns?: Pick<Pattern, 'name' | 'pattern' | 'mode'>[];
  reveal?: string;
}

export const modeWords: readonly (readonly [Mode, string])[] = [['off', 'kept'], ['mask', 'masked'], ['dual', 'masked, original sealed']];
export const groupWords: Record<string, string> = { keys: 'Keys', credentials: 'Credentials', personal: 'Personal data' };

export const masking = {
  read: (api: Api) => api.call<Rules>('GET', '/masking'),
  change: (api: Api, to: Change) => api.call<Rules>('PUT', '/masking', to),
  tryOn: (api: Api, text: string, change: Change) => api.call<Tried>('POST', '/masking/test', { text, ...change }),
};

export const modeOf = (kind: Kind): Mode => kind.mode ?? (kind.on ? 'mask' : 'off');
