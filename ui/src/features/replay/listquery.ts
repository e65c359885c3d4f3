// The query of a list as it stands in its address, as a request to the server.
import type { ListRequest } from '$api';

const units: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

export function requestOf(list: string, now: number): ListRequest {
  const query = new URLSearchParams(list);
  const request: ListRequest = { order: query.get('order') ?? '-start' };
  for (const name of ['filter', 'from', 'to'] as const) {
    const value = query.get(name);
    if (value) request[name] = value;
  }
  const last = /^(\d+)([mhd])$/.exec(query.get('last') ?? '24h');
  if (!request.from && last) request.from = new Date(now - Number(last[1]) * units[last[2]!]!).toISOString();
  return request;
}
