// @langfuse/* 5: traces over OTLP/JSON, media, scores, prompts, a dataset, an experiment, reads, a deletion.
import { KEY, PUBLIC, URL, holds, until } from './telling.mjs';
import { LangfuseClient } from '@langfuse/client';
import { LangfuseMedia } from '@langfuse/core';
import { LangfuseSpanProcessor } from '@langfuse/otel';
import { getActiveTraceId, propagateAttributes, startActiveObservation } from '@langfuse/tracing';
import { NodeSDK } from '@opentelemetry/sdk-node';

const PNG = Buffer.from('89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082', 'hex');
const settings = { baseUrl: URL, publicKey: PUBLIC, secretKey: KEY };
const spans = new LangfuseSpanProcessor(settings);
const sdk = new NodeSDK({ spanProcessors: [spans] });
sdk.start();
const client = new LangfuseClient(settings);
let trace;

await propagateAttributes({ sessionId: 's-1', userId: 'u-1', tags: ['prod'] }, () =>
  startActiveObservation('agent', async (agent) => {
    trace = getActiveTraceId();
    await startActiveObservation('gen', async (generation) => {
      generation.update({ input: [{ role: 'user', content: 'hi' }], output: 'hello', model: 'gpt-4.1', usageDetails: { input: 10, output: 5 } });
      client.score.observation(generation, { name: 'tone', value: 'friendly', dataType: 'CATEGORICAL' });
    }, { asType: 'generation' });
    agent.update({ input: { q: 'hi', image: new LangfuseMedia({ source: 'bytes', contentBytes: PNG, contentType: 'image/png' }) }, output: { a: 1 } });
    client.score.activeTrace({ name: 'helpful', value: 0.9, comment: 'good' });
  }, { asType: 'agent' }));
await spans.forceFlush();
await client.flush();

await client.prompt.create({ name: 'folder/answer', prompt: 'Answer {{question}}', labels: ['production'], config: { m: 1 }, type: 'text' });
await client.prompt.create({ name: 'chat', type: 'chat', prompt: [{ role: 'system', content: 'Be {{tone}}' }, { type: 'placeholder', name: 'history' }], labels: ['production'] });
const prompt = await client.prompt.get('folder/answer');
holds('a prompt by its default label', [prompt.version, prompt.config, prompt.compile({ question: 'x' })], [1, { m: 1 }, 'Answer x']);
const said = (await client.prompt.get('chat', { type: 'chat' })).compile({ tone: 'kind' }, { history: [{ role: 'user', content: 'u' }] });
holds('a chat prompt with a placeholder', said.map((one) => one.content), ['Be kind', 'u']);
holds('a missing prompt', await client.prompt.get('missing').then(() => 'found', (wrong) => wrong.statusCode ?? String(wrong)), 404);
holds('its fallback', (await client.prompt.get('missing', { fallback: 'mine' })).prompt, 'mine');
holds('a label moves', (await client.prompt.update({ name: 'folder/answer', version: 1, newLabels: ['staging'] })).labels, ['production', 'staging', 'latest']);

await client.createDataset({ name: 'qa', description: 'd', metadata: { k: 1 } });
for (const [id, q, a] of [['item-0', 'France', 'Paris'], ['item-1', 'Italy', 'Rome']])
  await client.createDatasetItem({ datasetName: 'qa', id, input: { q }, expectedOutput: a });
const dataset = await client.dataset.get('qa');
holds('items in the order of their making', dataset.items.map((one) => one.expectedOutput), ['Paris', 'Rome']);
const ran = await dataset.runExperiment({
  name: 'exp', runName: 'run-a', task: async () => 'Paris',
  evaluators: [async ({ output, expectedOutput }) => ({ name: 'exact', value: output === expectedOutput ? 1 : 0 })],
  runEvaluators: [async ({ itemResults }) => ({ name: 'mean-exact', value: itemResults.reduce((sum, one) => sum + one.evaluations[0].value, 0) / itemResults.length })],
});
await spans.forceFlush();
await client.flush();
holds('an experiment runs', [ran.runEvaluations.map((one) => one.value), ran.itemResults.map((one) => one.evaluations[0].value)], [[0.5], [1, 0]]);
await until('its run refers to its items and traces', async () => (await client.api.datasets.getRun('qa', 'run-a')).datasetRunItems.map((one) => [one.datasetItemId, one.traceId]).sort(),
  ran.itemResults.map((one) => [one.item.id, one.traceId]).sort());
await until('the traces have their scores', async () => (await Promise.all(ran.itemResults.map(async (one) =>
  (await client.api.scores.getMany({ traceId: one.traceId })).data.map((score) => [score.name, score.value])))), [[['exact', 1]], [['exact', 0]]]);

await until('observations', async () => (await client.api.observations.getMany({ traceId: trace, fields: 'core,basic,io,usage' })).data.map((one) => [one.type, one.name, one.output]).sort(),
  [['AGENT', 'agent', { a: 1 }], ['GENERATION', 'gen', 'hello']]);
await until('scores', async () => (await client.api.scores.getMany({ traceId: trace })).data.map((one) => [one.name, one.stringValue ?? one.value]).sort(), [['helpful', 0.9], ['tone', 'friendly']]);
const one = await client.api.trace.get(trace);
holds('the trace: whose', [one.sessionId, one.userId, one.tags], ['s-1', 'u-1', ['prod']]);
const [reference] = JSON.stringify(one.observations.find((each) => each.name === 'agent').input).match(/@@@langfuseMedia:.*?@@@/) ?? [''];
const kept = await client.api.media.get(/id=([^|]+)/.exec(reference)?.[1] ?? 'none').catch((wrong) => wrong);
holds('media', [kept.contentType, kept.contentLength], ['image/png', PNG.length]);
holds('a deletion is taken', /deleted/.test((await client.api.trace.delete(trace)).message));
await sdk.shutdown();
holds('the end', true);
