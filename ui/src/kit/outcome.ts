// Answers of the server that may still be on their way: what is shown meanwhile is the last good one.
import { ApiError } from '$api';

/** What went wrong, as one sentence for the person. */
export function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export const wasAborted = (error: unknown): boolean => error instanceof DOMException && error.name === 'AbortError';

/** There is no such thing, or it is of another project. */
export const wasMissing = (error: unknown): boolean => error instanceof ApiError && error.status === 404;

/** The request id to quote, if there is one. */
export const requestIdOf = (error: unknown): string => (error instanceof ApiError ? error.requestId : '');
