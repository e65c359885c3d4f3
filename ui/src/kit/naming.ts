// How a step is called wherever it stands: by what it did – the model, the tool, the agent –, not by an SDK's word for it.

export interface NamedStep {
  kind: string;
  name: string;
  agent?: string | null;
  tool?: { name?: string | null } | null;
  model?: { requested?: string | null; served?: string | null } | null;
  handoff?: { to?: string | null } | null;
}

const OPERATION = /^(?:chat|text_completion|generate_content|embeddings|execute_tool|invoke_agent|create_agent) (?=.)/;

/** The name that was asked for, unless another model served; dates and revisions are in the details. */
export function modelName(model: NamedStep['model']): string {
  const { requested, served } = model ?? {};
  return (requested && served?.startsWith(requested) ? requested : served || requested) || '';
}

export function stepName(step: NamedStep): string {
  const said = step.name.replace(OPERATION, '');
  switch (step.kind) {
    case 'llm':
    case 'embedding':
    case 'reranker': return modelName(step.model) || said;
    case 'tool': return step.tool?.name || said;
    case 'agent': return step.agent || said;
    case 'handoff': return step.handoff?.to ? `to ${step.handoff.to}` : said;
    default: return step.tool?.name || said;
  }
}
