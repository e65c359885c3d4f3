// A price file for models that have none, to be filled in; and the filter of their calls.
import type { UnpricedModel } from '$api';

const quoted = (value: string): string => (value === '' || /[\s",()\\]/.test(value) ? `"${value.replace(/["\\]/g, '\\$&')}"` : value);

export const spansOf = (model: UnpricedModel): string => `is:unpriced model=${quoted(model.model)}`;

/** As docs/reference/prices.md has it. The dots are refused until a price stands there. */
export function priceFile(models: readonly UnpricedModel[]): string {
  const providers = new Map<string, string[]>();
  for (const model of models) if (model.model) providers.set(model.provider, [...(providers.get(model.provider) ?? []), model.model]);
  const list = [...providers].map(([provider, names]) => ({
    id: provider || 'own',
    // Nobody said who serves them: found by their names.
    ...(provider ? {} : { model_match: { or: names.map((equals) => ({ equals })) } }),
    models: names.map((id) => ({ id, prices: [{ prices: { input_mtok: '…', output_mtok: '…' } }] })),
  }));
  const lines = list.map(({ models: of, ...head }) => `  {${JSON.stringify(head).slice(1, -1)}, "models": [\n${of.map((model) => `    ${JSON.stringify(model)}`).join(',\n')}]}`);
  return `{"providers": [\n${lines.join(',\n')}]}`;
}
