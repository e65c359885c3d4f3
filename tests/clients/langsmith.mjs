// langsmith for JavaScript: runs, feedback, tokens, datasets, evaluate() end to end, queries. A fourth word: an older version.
import { KEY, URL, VERSION, all, holds, until } from './telling.mjs';

const name = VERSION ? `langsmith-${VERSION}` : 'langsmith';
Object.assign(process.env, { LANGSMITH_ENDPOINT: `${URL}/langsmith`, LANGSMITH_API_KEY: KEY, LANGSMITH_PROJECT: 'fixture-project', LANGSMITH_TRACING: 'true' });
const { Client } = await import(name);
const { traceable } = await import(`${name}/traceable`);
const { evaluate } = await import(`${name}/evaluation`);
const client = new Client();
const runId = crypto.randomUUID();

const model = traceable(async () => ({ messages: [{ role: 'assistant', content: 'hello' }], usage_metadata: { input_tokens: 10, output_tokens: 5, total_tokens: 15 } }),
  { run_type: 'llm', name: 'ChatX', client, metadata: { ls_provider: 'openai', ls_model_name: 'gpt-4.1' } });
const agent = traceable(async (q) => model(q), { run_type: 'chain', name: 'agent', tags: ['prod'], metadata: { session_id: 'sess-1', user_id: 'u-1' }, client, id: runId, project_name: 'project-js' });
await agent('hi');
await client.awaitPendingTraceBatches();
await until('the run', async () => {
  const run = await client.readRun(runId);
  return [run.name, run.inputs, run.status, run.tags, run.extra.metadata.session_id];
}, ['agent', { input: 'hi' }, 'success', ['prod'], 'sess-1']);
await until('runs of a project', async () => (await all(client.listRuns({ projectName: 'project-js' }))).map((one) => one.name).sort(), ['ChatX', 'agent']);
holds('by a filter', (await all(client.listRuns({ projectName: 'project-js', filter: 'and(eq(run_type, "llm"), eq(name, "ChatX"))' }))).map((one) => one.name), ['ChatX']);
holds('roots', (await all(client.listRuns({ projectName: 'project-js', isRoot: true }))).map((one) => one.name), ['agent']);
holds('the project', (await client.readProject({ projectName: 'project-js' })).name, 'project-js');

await client.createFeedback(runId, 'tone', { value: 'friendly', comment: 'warm' });
await client.createFeedback(runId, 'helpful', { score: 0.9 });
await until('feedback', async () => (await all(client.listFeedback({ runIds: [runId] }))).map((one) => [one.key, one.score ?? null, one.value ?? null]).sort(),
  [['helpful', 0.9, null], ['tone', null, 'friendly']]);

const dataset = await client.createDataset('qa-js', { description: 'd' });
await client.createExamples([{ inputs: { q: 'France' }, outputs: { a: 'Paris' }, metadata: { w: 1 }, dataset_id: dataset.id }, { inputs: { q: 'Italy' }, outputs: { a: 'Rome' }, dataset_id: dataset.id }]);
holds('examples', (await all(client.listExamples({ datasetName: 'qa-js' }))).map((one) => one.outputs.a), ['Paris', 'Rome']);
const ran = await evaluate(async () => ({ a: 'Paris' }), {
  data: 'qa-js', client, experimentPrefix: 'exp',
  evaluators: [async ({ outputs, referenceOutputs }) => ({ key: 'exact', score: outputs.a === referenceOutputs.a })],
  summaryEvaluators: [async () => ({ key: 'mean-exact', score: 0.5 })],
});
holds('evaluate()', ran.results.map((row) => row.evaluationResults.results[0].score).sort(), [false, true]);
await client.awaitPendingTraceBatches();
const roots = () => all(client.listRuns({ projectName: ran.experimentName, isRoot: true }));
await until('its runs and examples', async () => new Set((await roots()).map((one) => one.reference_example_id)).size, 2);
await until('their feedback', async () => (await all(client.listFeedback({ runIds: (await roots()).map((one) => one.id) }))).map((one) => Number(one.score)).sort(), [0, 1]);
holds('the experiment refers to its dataset', (await client.readProject({ projectName: ran.experimentName })).reference_dataset_id, dataset.id);
holds('the end', true);
