// The TypeScript SDK of Pawl over real frameworks and clients: each answers a question with a tool; tells what became of it.
import Anthropic from "@anthropic-ai/sdk";
import { Agent, OpenAIProvider, Runner, tool as agentTool } from "@openai/agents";
import { createOpenAI } from "@ai-sdk/openai";
import { tool as aiTool, generateText, stepCountIs } from "ai";
import { createAgent, tool as chainTool } from "langchain";
import { ChatOpenAI } from "@langchain/openai";
import OpenAI from "openai";
import * as pawl from "pawl-sdk";
import { z } from "zod";

const provider = process.argv[2];
const baseURL = `${provider}/v1`;
if (!process.argv.includes("by-run")) await pawl.init({ agent: "weather", team: "support", environment: "test" });

const schema = { type: "object", properties: { place: { type: "string" } }, required: ["place"] };
const tools = [{ type: "function", function: { name: "get_weather", description: "The weather.", parameters: schema } }];
const weather = pawl.trace({ name: "get_weather", kind: "tool" }, async ({ place }) => `sunny in ${place}`);
const parameters = z.object({ place: z.string() });

async function byOpenAI(question) {
  const client = new OpenAI({ apiKey: "k", baseURL });
  const messages = [{ role: "user", content: question }];
  const said = (await client.chat.completions.create({ model: "gpt-4.1", messages, tools })).choices[0].message;
  messages.push(said, { role: "tool", tool_call_id: said.tool_calls[0].id, content: await weather(JSON.parse(said.tool_calls[0].function.arguments)) });
  const answer = (await client.chat.completions.create({ model: "gpt-4.1", messages, tools })).choices[0].message.content;
  pawl.score("helpful", 0.75, { comment: "fine" });
  pawl.outcome(true);
  return answer;
}

async function byAnthropic(question) {
  const client = new Anthropic({ apiKey: "k", baseURL: provider });
  const messages = [{ role: "user", content: question }];
  const ask = () => client.messages.create({ model: "claude-haiku-4-5", max_tokens: 100, messages, tools: [{ name: "get_weather", description: "The weather.", input_schema: schema }] });
  const said = await ask();
  messages.push({ role: "assistant", content: said.content }, { role: "user", content: [{ type: "tool_result", tool_use_id: said.content[0].id, content: await weather(said.content[0].input) }] });
  return (await ask()).content[0].text;
}

async function byLangChain(question) {
  const asks = chainTool(
    async ({ place }) => {
      // Asks a model by itself, which must be told too.
      await new OpenAI({ apiKey: "k", baseURL }).chat.completions.create({ model: "gpt-4.1-mini", messages: [{ role: "user", content: "how sunny?" }] });
      return `sunny in ${place}`;
    },
    { name: "get_weather", description: "The weather.", schema: parameters },
  );
  const agent = createAgent({ model: new ChatOpenAI({ model: "gpt-4.1", apiKey: "k", configuration: { baseURL } }), tools: [asks] });
  return (await agent.invoke({ messages: [{ role: "user", content: question }] })).messages.at(-1).content;
}

async function byAgents(question) {
  const get = agentTool({ name: "get_weather", description: "The weather.", parameters, execute: async ({ place }) => `sunny in ${place}` });
  const runner = new Runner({ modelProvider: new OpenAIProvider({ openAIClient: new OpenAI({ apiKey: "k", baseURL }) }) });
  return (await runner.run(new Agent({ name: "forecaster", instructions: "Tell the weather.", model: "gpt-4.1", tools: [get] }), question)).finalOutput;
}

async function byVercel(question) {
  const get = aiTool({ description: "The weather.", inputSchema: parameters, execute: async ({ place }) => `sunny in ${place}` });
  const model = createOpenAI({ apiKey: "k", baseURL }).chat("gpt-4.1");
  return (await generateText({ model, prompt: question, tools: { get_weather: get }, stopWhen: stepCountIs(3) })).text;
}

for (const [name, work] of Object.entries({ openai: byOpenAI, anthropic: byAnthropic, langchain: byLangChain, agents: byAgents, vercel: byVercel })) {
  const answer = await pawl.session(`js-${name}`, { user: "u-1", task: "forecast", tags: ["real"] }, () => pawl.span(`${name} agent`, { kind: "agent" }, () => work("What is the weather in Rome?")));
  if (!answer.includes("sunny")) throw new Error(`${name} said ${answer}`);
}
try {
  await new OpenAI({ apiKey: "k", baseURL, maxRetries: 0 }).chat.completions.create({ model: "gpt-4.1", messages: [{ role: "user", content: "fail" }] });
} catch (wrong) {
  console.log("raised as ever:", wrong.constructor.name);
}
console.log("flushed", await pawl.flush(), JSON.stringify(pawl.status()));
for (const one of pawl.frameworks()) console.log("framework", one.name, one.state, one.by, one.why);
