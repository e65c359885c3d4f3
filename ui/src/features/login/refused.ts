// Why a log-in by the identity provider did not work, from the address that it led back to.
const words: Record<string, string> = {
  expired: 'That took too long, or began in another window. Try again.',
  denied: 'The identity provider, or a rule here, did not let you in. Ask an administrator of Pawl for a role.',
  not_connected: 'There is a user with this address. Log in with the password once, and connect it under Settings, You.',
  unavailable: 'The identity provider does not answer. Try again in a moment.',
  failed: 'The identity provider’s answer could not be used.',
};

export function reasonOf(query: URLSearchParams): string {
  const refused = query.get('refused');
  if (!refused) return '';
  const request = query.get('request');
  return `${words[refused] ?? words['failed']}${request ? ` The log has the reason under request ${request}.` : ''}`;
}
