// Which framework is told of by what: data, and nothing else.

export interface Instrumentation {
  /** What npm installs. */
  package: string;
  /** Its class. */
  class: string;
}

export interface Framework {
  name: string;
  /** What npm calls it. */
  package: string;
  /** What is handed to the instrumentation, where it is not the package's main entry. */
  entry?: string;
  /** The first that is installed is used. */
  by: readonly Instrumentation[];
  /** It tells by itself where this file of it is there ("" always). */
  tellsItself?: string;
  /** A function of it that takes what tells: `registerTelemetry(new OpenTelemetry())`. */
  register?: string;
  /** It makes a span of each model call, so that the client below must not make another: packages that its calls come from. */
  callsFrom?: readonly string[];
  /** Scopes of spans that tell a model call at the client: left out where the call came from a framework above. */
  clientScopes?: readonly string[];
  /** Its instrumentation leaves the span of a failed call open: the class and method that a failure leaves by. */
  failsBy?: readonly [string, string];
  /** Set where content is wanted and the user has not set it. */
  env?: Readonly<Record<string, string>>;
  /** Said where it is found and cannot be switched on from outside. */
  hint?: string;
}

const openInference = (name: string, className: string): Instrumentation => ({
  package: `@arizeai/openinference-instrumentation-${name}`,
  class: className,
});
const traceloop = (name: string, className: string): Instrumentation => ({ package: `@traceloop/instrumentation-${name}`, class: className });

export const frameworks: readonly Framework[] = [
  // Clients of model providers.
  {
    name: "OpenAI",
    package: "openai",
    by: [openInference("openai", "OpenAIInstrumentation"), { package: "@opentelemetry/instrumentation-openai", class: "OpenAIInstrumentation" }, traceloop("openai", "OpenAIInstrumentation")],
    clientScopes: ["@arizeai/openinference-instrumentation-openai", "@opentelemetry/instrumentation-openai", "@traceloop/instrumentation-openai"],
    failsBy: ["OpenAI", "makeRequest"],
  },
  {
    name: "Anthropic",
    package: "@anthropic-ai/sdk",
    by: [openInference("anthropic", "AnthropicInstrumentation"), traceloop("anthropic", "AnthropicInstrumentation")],
    tellsItself: "internal/tracing.js",
    clientScopes: ["@arizeai/openinference-instrumentation-anthropic", "@traceloop/instrumentation-anthropic", "com.anthropic.sdk.typescript"],
    env: { ANTHROPIC_OPEN_TELEMETRY_TRACES_CONTENT_MODE: "content" },
  },
  {
    name: "AWS Bedrock",
    package: "@aws-sdk/client-bedrock-runtime",
    by: [openInference("bedrock", "BedrockInstrumentation"), traceloop("bedrock", "BedrockInstrumentation")],
    clientScopes: ["@arizeai/openinference-instrumentation-bedrock", "@traceloop/instrumentation-bedrock"],
  },
  // Frameworks that make a span of each model call.
  {
    name: "LangChain",
    package: "@langchain/core",
    entry: "callbacks/manager",
    by: [openInference("langchain", "LangChainInstrumentation"), traceloop("langchain", "LangChainInstrumentation")],
    callsFrom: ["langchain", "@langchain/core", "@langchain/openai", "@langchain/anthropic", "@langchain/aws", "@langchain/google-genai", "@langchain/google-vertexai", "@langchain/mistralai", "@langchain/groq", "@langchain/cohere", "@langchain/ollama", "@langchain/community", "@langchain/langgraph"],
  },
  { name: "OpenAI Agents", package: "@openai/agents", by: [openInference("openai-agents", "OpenAIAgentsInstrumentation")], callsFrom: ["@openai/agents", "@openai/agents-core", "@openai/agents-openai", "@openai/agents-realtime"] },
  {
    name: "Vercel AI",
    package: "ai",
    by: [{ package: "@ai-sdk/otel", class: "OpenTelemetry" }],
    register: "registerTelemetry",
    callsFrom: ["ai", "@ai-sdk/openai", "@ai-sdk/anthropic"],
    hint: "Vercel AI before version 7 is traced call by call: pass experimental_telemetry: { isEnabled: true }",
  },
  { name: "Mastra", package: "@mastra/core", by: [], tellsItself: "", hint: "Mastra is traced by its own exporter: @mastra/otel-exporter, with PAWL_URL as its endpoint" },
  { name: "Genkit", package: "genkit", by: [], tellsItself: "", callsFrom: ["genkit", "@genkit-ai/ai", "@genkit-ai/core"] },
  // What tells no model calls.
  { name: "MCP", package: "@modelcontextprotocol/sdk", by: [openInference("mcp", "MCPInstrumentation"), traceloop("mcp", "McpInstrumentation")] },
  { name: "Claude Agent SDK", package: "@anthropic-ai/claude-agent-sdk", by: [openInference("claude-agent-sdk", "ClaudeAgentSDKInstrumentation")] },
];

export const contentEnv: Readonly<Record<string, string>> = { OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: "true" };
export const noContentEnv: Readonly<Record<string, string>> = {
  OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: "false",
  OPENINFERENCE_HIDE_INPUTS: "true",
  OPENINFERENCE_HIDE_OUTPUTS: "true",
  TRACELOOP_TRACE_CONTENT: "false",
  ANTHROPIC_OPEN_TELEMETRY_TRACES_CONTENT_MODE: "metadata_only",
};
/** Packages between a client and who called it. */
export const between: readonly string[] = ["@opentelemetry/", "@arizeai/", "@traceloop/", "import-in-the-middle", "require-in-the-middle", "p-retry", "p-queue", "pawl-sdk"];
