// langfuse 3, the batch protocol: traces, updates, scores, media, prompts, a dataset with runs, reads.
import { KEY, PUBLIC, URL, holds, until } from './telling.mjs';
import { Langfuse } from 'langfuse';

const client = new Langfuse({ baseUrl: URL, publicKey: PUBLIC, secretKey: KEY });
const trace = client.trace({ name: 'agent', sessionId: 's-1', userId: 'u-1', tags: ['prod'], input: { q: 'hi' }, metadata: { tenant: 'acme' } });
const span = trace.span({ name: 'plan', input: 'x' });
const generation = span.generation({ name: 'gen', model: 'gpt-4.1', input: [{ role: 'user', content: 'hi' }] });
generation.end({ output: 'hello', usageDetails: { input: 10, output: 5 } });
span.end({ output: 'y' });
trace.event({ name: 'noted', level: 'WARNING', statusMessage: 'slow' });
trace.update({ output: { a: 1 } });
trace.score({ name: 'helpful', value: 0.9, comment: 'good' });
generation.score({ name: 'tone', value: 'friendly', dataType: 'CATEGORICAL' });
await client.flushAsync();
await until('the trace', async () => {
  const { data } = await client.fetchTrace(trace.id);
  return [data.name, data.sessionId, data.userId, data.tags, data.output, data.metadata.tenant, data.observations.map((each) => [each.type, each.name]).sort()];
}, ['agent', 's-1', 'u-1', ['prod'], { a: 1 }, 'acme', [['EVENT', 'noted'], ['GENERATION', 'gen'], ['SPAN', 'plan']]]);
await until('its scores', async () => (await client.fetchTrace(trace.id)).data.scores.map((one) => [one.name, one.stringValue ?? one.value]).sort(),
  [['helpful', 0.9], ['tone', 'friendly']]);
const told = (await client.fetchObservation(generation.id)).data;
holds('the generation', [told.model, told.output, told.usageDetails.input, told.usageDetails.output], ['gpt-4.1', 'hello', 10, 5]);
holds('sessions', (await client.fetchSessions()).data.map((one) => one.id), ['s-1']);
holds('traces by user', (await client.fetchTraces({ userId: 'u-1' })).data.map((one) => one.id), [trace.id]);

await client.createPrompt({ name: 'folder/answer', prompt: 'Answer {{question}}', labels: ['production'], config: { m: 1 } });
const prompt = await client.getPrompt('folder/answer');
holds('a prompt', [prompt.version, prompt.config, prompt.compile({ question: 'x' })], [1, { m: 1 }, 'Answer x']);
holds('a missing prompt is an error', await client.getPrompt('missing', undefined, { maxRetries: 0 }).then(() => 'found', () => 'refused'), 'refused');
holds('its fallback', (await client.getPrompt('missing', undefined, { fallback: 'mine' })).prompt, 'mine');

await client.createDataset('qa');
await client.createDatasetItem({ datasetName: 'qa', id: 'item-0', input: { q: 'France' }, expectedOutput: 'Paris' });
const dataset = await client.getDataset('qa');
holds('items', dataset.items.map((one) => one.expectedOutput), ['Paris']);
await dataset.items[0].link(trace, 'run-a', { description: 'd', metadata: { m: 1 } });
const run = (await client.getDatasetRun({ datasetName: 'qa', runName: 'run-a' }));
holds('a run', [run.name, run.metadata, run.datasetRunItems.map((one) => [one.datasetItemId, one.traceId])], ['run-a', { m: 1 }, [['item-0', trace.id]]]);
await client.shutdownAsync();
holds('the end', true);
