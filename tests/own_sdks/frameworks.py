"""The Python SDK of Pawl over real frameworks and clients: each answers a question with a tool; tells what the provider counted."""
import asyncio
import os
import sys

provider = sys.argv[1]
os.environ.update(OPENAI_API_KEY="k", OPENAI_BASE_URL=provider + "/v1", ANTHROPIC_API_KEY="k", ANTHROPIC_BASE_URL=provider, OPENAI_AGENTS_DISABLE_TRACING="0")

import pawl  # noqa: E402

assert pawl.init(agent="weather", team="support", environment="test")

import anthropic  # noqa: E402
import openai  # noqa: E402
from agents import Agent, Runner, function_tool, set_default_openai_client, set_tracing_export_api_key  # noqa: E402,F401
from langchain.agents import create_agent  # noqa: E402
from langchain_core.tools import tool  # noqa: E402
from langchain_openai import ChatOpenAI  # noqa: E402

TOOL = {"type": "function", "function": {"name": "get_weather", "description": "The weather.",
                                         "parameters": {"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]}}}


@pawl.trace("get_weather", kind="tool")
def weather(place):
    return f"sunny in {place}"


@pawl.trace("openai agent", kind="agent")
def by_openai(question):
    client, messages = openai.OpenAI(), [{"role": "user", "content": question}]
    said = client.chat.completions.create(model="gpt-4.1", messages=messages, tools=[TOOL]).choices[0].message
    call = said.tool_calls[0]
    messages += [said.model_dump(exclude_none=True), {"role": "tool", "tool_call_id": call.id, "content": weather("Rome")}]
    answer = client.chat.completions.create(model="gpt-4.1", messages=messages, tools=[TOOL]).choices[0].message.content
    pieces = client.chat.completions.create(model="gpt-4.1", messages=[{"role": "user", "content": "hi"}], stream=True,
                                            stream_options={"include_usage": True})
    for _ in pieces:
        pass
    pawl.score("helpful", 0.75, comment="fine")
    pawl.outcome(True)
    return answer


@pawl.trace("anthropic agent", kind="agent")
def by_anthropic(question):
    client, messages = anthropic.Anthropic(), [{"role": "user", "content": question}]
    tools = [{"name": "get_weather", "description": "The weather.", "input_schema": TOOL["function"]["parameters"]}]
    said = client.messages.create(model="claude-haiku-4-5", max_tokens=100, messages=messages, tools=tools)
    messages += [{"role": "assistant", "content": [one.model_dump() for one in said.content]},
                 {"role": "user", "content": [{"type": "tool_result", "tool_use_id": said.content[0].id, "content": weather("Rome")}]}]
    return client.messages.create(model="claude-haiku-4-5", max_tokens=100, messages=messages, tools=tools).content[0].text


@tool
def get_weather(place: str) -> str:
    """The weather. Asks a model by itself, which must be told too."""
    openai.OpenAI().chat.completions.create(model="gpt-4.1-mini", messages=[{"role": "user", "content": "how sunny?"}])
    return f"sunny in {place}"


def by_langchain(question):
    agent = create_agent(ChatOpenAI(model="gpt-4.1"), tools=[get_weather])
    return agent.invoke({"messages": [{"role": "user", "content": question}]})["messages"][-1].content


def by_agents(question):
    agent = Agent(name="forecaster", instructions="Tell the weather.", model="gpt-4.1", tools=[function_tool(weather_of, name_override="get_weather")])
    return asyncio.run(Runner.run(agent, question)).final_output


def weather_of(place: str) -> str:
    """The weather."""
    return f"sunny in {place}"


def main():
    for name, work in (("openai", by_openai), ("anthropic", by_anthropic), ("langchain", by_langchain), ("agents", by_agents)):
        with pawl.session(f"chat-{name}", user="u-1", task="forecast", tags=["real"]):
            assert "sunny" in work("What is the weather in Rome?"), name
    try:
        openai.OpenAI(max_retries=0).chat.completions.create(model="gpt-4.1", messages=[{"role": "user", "content": "fail"}])
    except openai.BadRequestError as wrong:
        print("raised as ever:", type(wrong).__name__)
    print("flushed", pawl.flush(10), pawl.status())
    for one in pawl.frameworks():
        print("framework", one.name, one.state, one.by, one.why)


main()
