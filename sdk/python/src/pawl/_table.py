"""Which framework is told of by what: data, and nothing else. The order is that of `pawl run`'s report."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Mapping


@dataclass(frozen=True)
class Instrumentation:
    package: str  # what pip installs
    instrumentor: str  # "module:Class"


@dataclass(frozen=True)
class Framework:
    name: str
    distribution: str  # what pip calls it
    module: str  # switched on when this one is imported, at once where it is already
    # The first that is installed is used; one of them that somebody else has switched on is left as it is.
    by: tuple[Instrumentation, ...] = ()
    # It tells by itself, where this module is there ("" always); `switch` is called to turn that on ("module:function").
    tells_itself: str | None = None
    switch: str = ""
    # It makes a span of each model call, so that the client below must not make another: the modules its calls come from.
    calls_from: tuple[str, ...] = ()
    # Its instrumentation does not make its spans current: who asks for the running one ("module:function").
    running_span: str = ""
    # Scopes of spans that tell a model call at the client: left out where the call came from a framework above.
    client_scopes: tuple[str, ...] = ()
    # The client's own modules and those between it and its caller: looked through when the caller is looked for.
    client_modules: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)  # set where content is wanted and the user has not set it


def _openinference(name: str, instrumentor: str) -> Instrumentation:
    return Instrumentation("openinference-instrumentation-" + name, f"openinference.instrumentation.{name.replace('-', '_')}:{instrumentor}")


def _openllmetry(name: str, instrumentor: str) -> Instrumentation:
    return Instrumentation("opentelemetry-instrumentation-" + name, f"opentelemetry.instrumentation.{name.replace('-', '_')}:{instrumentor}")


FRAMEWORKS = (
    # Clients of model providers.
    Framework("OpenAI", "openai", "openai",
              by=(_openinference("openai", "OpenAIInstrumentor"),
                  Instrumentation("opentelemetry-instrumentation-openai-v2", "opentelemetry.instrumentation.openai_v2:OpenAIInstrumentor"),
                  _openllmetry("openai", "OpenAIInstrumentor")),
              client_scopes=("openinference.instrumentation.openai", "opentelemetry.instrumentation.openai"), client_modules=("openai",)),
    Framework("Anthropic", "anthropic", "anthropic",
              by=(_openinference("anthropic", "AnthropicInstrumentor"), _openllmetry("anthropic", "AnthropicInstrumentor")),
              tells_itself="anthropic._tracing", env={"ANTHROPIC_OPEN_TELEMETRY_TRACES_CONTENT_MODE": "content"},
              client_scopes=("openinference.instrumentation.anthropic", "opentelemetry.instrumentation.anthropic", "com.anthropic.sdk.python"),
              client_modules=("anthropic",)),
    Framework("Google GenAI", "google-genai", "google.genai",
              by=(_openinference("google-genai", "GoogleGenAIInstrumentor"),
                  Instrumentation("opentelemetry-instrumentation-google-genai", "opentelemetry.instrumentation.google_genai:GoogleGenAiSdkInstrumentor")),
              client_scopes=("openinference.instrumentation.google_genai", "opentelemetry.instrumentation.google_genai"), client_modules=("google.genai",)),
    Framework("Mistral", "mistralai", "mistralai",
              by=(_openinference("mistralai", "MistralAIInstrumentor"), _openllmetry("mistralai", "MistralAiInstrumentor")),
              client_scopes=("openinference.instrumentation.mistralai", "opentelemetry.instrumentation.mistralai"), client_modules=("mistralai",)),
    Framework("Groq", "groq", "groq",
              by=(_openinference("groq", "GroqInstrumentor"), _openllmetry("groq", "GroqInstrumentor")),
              client_scopes=("openinference.instrumentation.groq", "opentelemetry.instrumentation.groq"), client_modules=("groq",)),
    Framework("Cohere", "cohere", "cohere",
              by=(_openinference("cohere", "CohereInstrumentor"), _openllmetry("cohere", "CohereInstrumentor")),
              client_scopes=("openinference.instrumentation.cohere", "opentelemetry.instrumentation.cohere"), client_modules=("cohere",)),
    Framework("AWS Bedrock", "boto3", "botocore.client",
              by=(_openinference("bedrock", "BedrockInstrumentor"), _openllmetry("bedrock", "BedrockInstrumentor")),
              client_scopes=("openinference.instrumentation.bedrock", "opentelemetry.instrumentation.bedrock"), client_modules=("boto3", "botocore")),
    Framework("Vertex AI", "google-cloud-aiplatform", "vertexai",
              by=(_openinference("vertexai", "VertexAIInstrumentor"), _openllmetry("vertexai", "VertexAIInstrumentor")),
              client_scopes=("openinference.instrumentation.vertexai", "opentelemetry.instrumentation.vertexai"), client_modules=("vertexai", "google.cloud")),
    Framework("Ollama", "ollama", "ollama",
              by=(_openinference("ollama", "OllamaInstrumentor"), _openllmetry("ollama", "OllamaInstrumentor")),
              client_scopes=("openinference.instrumentation.ollama", "opentelemetry.instrumentation.ollama"), client_modules=("ollama",)),
    # A client and a caller of clients.
    Framework("LiteLLM", "litellm", "litellm", by=(_openinference("litellm", "LiteLLMInstrumentor"),), calls_from=("litellm",),
              client_scopes=("openinference.instrumentation.litellm",), client_modules=("litellm",)),
    # Frameworks that make a span of each model call.
    Framework("LangChain", "langchain-core", "langchain_core.callbacks",
              by=(_openinference("langchain", "LangChainInstrumentor"), _openllmetry("langchain", "LangchainInstrumentor")),
              calls_from=("langchain", "langchain_core", "langchain_openai", "langchain_anthropic", "langchain_google_genai", "langchain_google_vertexai",
                          "langchain_aws", "langchain_mistralai", "langchain_groq", "langchain_cohere", "langchain_ollama", "langchain_community",
                          "langchain_deepseek", "langchain_xai", "langchain_fireworks", "langchain_together", "langgraph"),
              running_span="openinference.instrumentation.langchain:get_current_span"),
    Framework("OpenAI Agents", "openai-agents", "agents",
              by=(_openinference("openai-agents", "OpenAIAgentsInstrumentor"), _openllmetry("openai-agents", "OpenAIAgentsInstrumentor")),
              calls_from=("agents",)),
    Framework("LlamaIndex", "llama-index-core", "llama_index.core",
              by=(_openinference("llama-index", "LlamaIndexInstrumentor"), Instrumentation("opentelemetry-instrumentation-llamaindex", "opentelemetry.instrumentation.llamaindex:LlamaIndexInstrumentor")),
              calls_from=("llama_index",)),
    Framework("DSPy", "dspy", "dspy", by=(_openinference("dspy", "DSPyInstrumentor"),), calls_from=("dspy",)),
    Framework("smolagents", "smolagents", "smolagents", by=(_openinference("smolagents", "SmolagentsInstrumentor"),), calls_from=("smolagents",)),
    Framework("Agno", "agno", "agno.agent", by=(_openinference("agno", "AgnoInstrumentor"), _openllmetry("agno", "AgnoInstrumentor")), calls_from=("agno",)),
    Framework("Google ADK", "google-adk", "google.adk", tells_itself="", calls_from=("google.adk",),
              env={"ADK_CAPTURE_MESSAGE_CONTENT_IN_SPANS": "true"}),
    Framework("Pydantic AI", "pydantic-ai-slim", "pydantic_ai", tells_itself="", switch="pydantic_ai:Agent.instrument_all", calls_from=("pydantic_ai",)),
    Framework("Strands", "strands-agents", "strands", tells_itself="", calls_from=("strands",)),
    Framework("AutoGen", "autogen-agentchat", "autogen_agentchat", tells_itself="",),
    Framework("Microsoft Agent Framework", "agent-framework-core", "agent_framework", tells_itself="", switch="agent_framework.observability:enable_instrumentation",
              calls_from=("agent_framework",), env={"ENABLE_INSTRUMENTATION": "true", "ENABLE_SENSITIVE_DATA": "true"}),
    Framework("Semantic Kernel", "semantic-kernel", "semantic_kernel", tells_itself="", calls_from=("semantic_kernel",),
              env={"SEMANTICKERNEL_EXPERIMENTAL_GENAI_ENABLE_OTEL_DIAGNOSTICS_SENSITIVE": "true"}),
    # Frameworks whose model calls are told by the client below.
    Framework("CrewAI", "crewai", "crewai", by=(_openinference("crewai", "CrewAIInstrumentor"), _openllmetry("crewai", "CrewAIInstrumentor"))),
    Framework("Haystack", "haystack-ai", "haystack", by=(_openinference("haystack", "HaystackInstrumentor"), _openllmetry("haystack", "HaystackInstrumentor"))),
    Framework("Instructor", "instructor", "instructor", by=(_openinference("instructor", "InstructorInstrumentor"),)),
    Framework("Guardrails", "guardrails-ai", "guardrails", by=(_openinference("guardrails", "GuardrailsInstrumentor"),)),
    Framework("Claude Agent SDK", "claude-agent-sdk", "claude_agent_sdk", by=(_openinference("claude-agent-sdk", "ClaudeAgentSDKInstrumentor"),)),
    Framework("MCP", "mcp", "mcp", tells_itself="mcp.shared._otel", by=(_openinference("mcp", "MCPInstrumentor"), _openllmetry("mcp", "McpInstrumentor"))),
)

# Content in general, as OpenTelemetry's own instrumentations ask for it.
CONTENT_ENV = {"OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "true"}
# … and how each family is told to leave it out.
NO_CONTENT_ENV = {
    "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "false",
    "OPENINFERENCE_HIDE_INPUTS": "true",
    "OPENINFERENCE_HIDE_OUTPUTS": "true",
    "OPENINFERENCE_HIDE_LLM_INVOCATION_PARAMETERS": "true",
    "TRACELOOP_TRACE_CONTENT": "false",
    "ADK_CAPTURE_MESSAGE_CONTENT_IN_SPANS": "false",
    "ANTHROPIC_OPEN_TELEMETRY_TRACES_CONTENT_MODE": "metadata_only",
    "ENABLE_SENSITIVE_DATA": "false",
}
# Between a client and who called it.
BETWEEN = ("opentelemetry", "openinference", "wrapt", "contextlib", "functools", "asyncio", "threading", "concurrent", "anyio", "sniffio", "httpx", "httpx2",
           "httpcore", "tenacity", "backoff", "pawl")
