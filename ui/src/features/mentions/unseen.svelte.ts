// Comments that name who is logged in: asked each minute for the navigation, marked as seen by their page.
import type { Api } from '$api';
import type { Comment } from '../replay/act/calls';

export interface Mention {
  comment: Comment;
  seen: boolean;
  at: string;
}
export interface Inbox {
  unseen: number;
  mentions: Mention[];
}

let count = $state(0);
export const unseen = {
  get count(): number {
    return count;
  },
};
const told = <T extends { unseen: number }>(answer: T): T => {
  count = answer.unseen;
  return answer;
};

export const readMentions = (api: Api): Promise<Inbox> => api.call<Inbox>('GET', '/mentions').then(told);
/** Those of the ids; without ids all. */
export const markSeen = (api: Api, ids: readonly string[] = []): Promise<{ unseen: number }> => api.call<{ unseen: number }>('POST', '/mentions/seen', { ids }).then(told);
