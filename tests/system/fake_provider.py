"""A model provider on loopback: OpenAI's chat and responses, Anthropic's messages, Gemini's generateContent. It answers by what is asked, and keeps the truth.

The last user message says what happens: `weather in X` → a call of the tool get_weather, then a sentence; `fail` → 500;
anything else → a sentence. Usage follows from the request alone, so that a test can say what must come out.
"""
import http.server
import json
import threading
import time


def text_of(content):
    if isinstance(content, str):
        return content
    return " ".join(part.get("text") or "" for part in content or [] if isinstance(part, dict))


class Provider:
    """`calls`: one (model, input tokens, cached, output tokens) an answer that was 200. `tool`: what is called in place of get_weather, and how."""

    def __init__(self, tool=None):
        self.calls, self.failed, self.delay_s, self.tool = [], 0, 0.0, tool
        provider = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):  # the name that the library asks for
                provider.send(self, 404, "application/json", b'{"error":{"message":"nothing is here"}}')

            def do_POST(self):  # the name that the library asks for
                length = int(self.headers.get("content-length") or 0)
                body = self.rfile.read(length) if length else self.chunks()
                provider.answer(self, json.loads(body))

            def chunks(self):
                body = b""
                while size := int(self.rfile.readline().strip() or b"0", 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                return body

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def answer(self, handler, asked):
        time.sleep(self.delay_s)
        if "/responses" in handler.path:
            status, said = self.responses(asked)
        elif "/messages" in handler.path:
            status, said = self.messages(asked)
        elif ":generateContent" in handler.path or ":streamGenerateContent" in handler.path:
            status, said = self.generate(handler.path.rsplit("/", 1)[1].partition(":")[0], asked)
        elif "messages" in asked:
            status, said = self.chat(asked)
        else:
            status, said = 404, {"error": {"message": "nothing is here"}}
        if status == 200 and (asked.get("stream") or ":streamGenerateContent" in handler.path):
            self.stream(handler, asked, said)
            return
        self.send(handler, status, "application/json", json.dumps(said).encode())

    @staticmethod
    def send(handler, status, kind, body):
        handler.send_response(status)
        handler.send_header("content-type", kind)
        handler.send_header("content-length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def used(self, model, turns):
        """Tokens of a call: more with every message, most of them cached from the second turn on."""
        number = len(self.calls) + 1
        usage = (model, 100 * turns, 50 if turns > 2 else 0, 20)
        self.calls.append(usage)
        return number, usage

    def called(self, place):
        """(name, arguments) of the tool that is called."""
        return self.tool or ("get_weather", {"place": place})

    @staticmethod
    def wants_tool(texts, answered):
        place = texts[-1].partition("weather in ")[2].strip(" ?.!") if texts else ""
        return "" if answered else place

    def fails(self, texts):
        if texts and texts[-1].strip() == "fail":
            self.failed += 1
            return True
        return False

    def chat(self, asked):
        messages = asked["messages"]
        texts = [text_of(one.get("content")) for one in messages if one["role"] == "user"]
        if self.fails(texts):
            return 400, {"error": {"message": "the model is out", "type": "invalid_request_error"}}
        place = self.wants_tool(texts, messages[-1]["role"] == "tool")
        number, (model, total, cached, out) = self.used(asked["model"], len(messages))
        message = {"role": "assistant", "content": None if place else f"It is sunny. ({number})"}
        name, arguments = self.called(place)
        if place:
            message["tool_calls"] = [{"id": f"call_{number}", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}]
        return 200, {"id": f"chatcmpl-{number}", "object": "chat.completion", "created": 1, "model": model,
                     "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls" if place else "stop"}],
                     "usage": {"prompt_tokens": total, "completion_tokens": out, "total_tokens": total + out,
                               "prompt_tokens_details": {"cached_tokens": cached}, "completion_tokens_details": {"reasoning_tokens": 0}}}

    def responses(self, asked):
        items = [{"role": "user", "content": asked["input"]}] if isinstance(asked["input"], str) else asked["input"]
        texts = [text_of(one.get("content")) for one in items if one.get("role") == "user"]
        if self.fails(texts):
            return 400, {"error": {"message": "the model is out", "type": "invalid_request_error"}}
        place = self.wants_tool(texts, any(one.get("type") == "function_call_output" for one in items))
        number, (model, total, cached, out) = self.used(asked["model"], len(items))
        name, arguments = self.called(place)
        if place:
            output = [{"type": "function_call", "id": f"fc_{number}", "call_id": f"call_{number}", "name": name,
                       "arguments": json.dumps(arguments), "status": "completed"}]
        else:
            output = [{"type": "message", "id": f"msg_{number}", "role": "assistant", "status": "completed",
                       "content": [{"type": "output_text", "text": f"It is sunny. ({number})", "annotations": []}]}]
        return 200, {"id": f"resp_{number}", "object": "response", "created_at": 1, "status": "completed", "model": model, "output": output,
                     "parallel_tool_calls": True, "tool_choice": "auto", "tools": asked.get("tools") or [], "error": None, "metadata": {},
                     "usage": {"input_tokens": total, "output_tokens": out, "total_tokens": total + out,
                               "input_tokens_details": {"cached_tokens": cached, "cache_write_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}}

    def messages(self, asked):
        texts = [text_of(one["content"]) for one in asked["messages"] if one["role"] == "user" and text_of(one["content"]).strip()]
        if self.fails(texts):
            return 400, {"type": "error", "error": {"type": "invalid_request_error", "message": "the model is out"}}
        last = asked["messages"][-1]["content"]
        answered = isinstance(last, list) and any(one.get("type") == "tool_result" for one in last)
        place = self.wants_tool(texts, answered)
        number, (model, total, cached, out) = self.used(asked["model"], len(asked["messages"]))
        name, arguments = self.called(place)
        content = [{"type": "tool_use", "id": f"toolu_{number}", "name": name, "input": arguments}] if place else \
            [{"type": "text", "text": f"It is sunny. ({number})"}]
        return 200, {"id": f"msg_{number}", "type": "message", "role": "assistant", "model": model, "content": content,
                     "stop_reason": "tool_use" if place else "end_turn", "stop_sequence": None,
                     "usage": {"input_tokens": total - cached, "cache_read_input_tokens": cached, "cache_creation_input_tokens": 0, "output_tokens": out}}

    def generate(self, model, asked):
        turns = asked["contents"]
        parts = [part for one in turns for part in one["parts"]]
        texts = [part["text"] for one in turns if one.get("role") == "user" for part in one["parts"] if "text" in part]
        if self.fails(texts):
            return 400, {"error": {"code": 400, "message": "the model is out", "status": "INVALID_ARGUMENT"}}
        place = self.wants_tool(texts, any("functionResponse" in part for part in parts))
        number, (_, total, cached, out) = self.used(model, len(turns))
        name, arguments = self.called(place)
        part = {"functionCall": {"name": name, "args": arguments}} if place else {"text": f"It is sunny. ({number})"}
        return 200, {"responseId": f"gemini-{number}", "modelVersion": model,
                     "candidates": [{"index": 0, "content": {"role": "model", "parts": [part]}, "finishReason": "STOP"}],
                     "usageMetadata": {"promptTokenCount": total, "cachedContentTokenCount": cached, "candidatesTokenCount": out, "totalTokenCount": total + out}}

    def stream(self, handler, asked, said):
        if "/messages" in handler.path:
            events = [(one["type"], one) for one in self.message_events(said)]
        elif "/responses" in handler.path:
            events = [(one["type"], one) for one in self.response_events(said)]
        elif "candidates" in said:
            events = [("", said)]
        else:
            events = [("", one) for one in self.chunks_of(asked, said)]
        body = "".join((f"event: {name}\n" if name else "") + f"data: {json.dumps(one)}\n\n" for name, one in events)
        self.send(handler, 200, "text/event-stream", (body + ("data: [DONE]\n\n" if "choices" in said else "")).encode())

    @staticmethod
    def chunks_of(asked, said):
        """Chat completions in three chunks, usage last where it was asked for."""
        head = {"id": said["id"], "object": "chat.completion.chunk", "created": 1, "model": said["model"]}
        message = said["choices"][0]["message"]
        delta = {"role": "assistant", "content": message.get("content")}
        if message.get("tool_calls"):
            delta["tool_calls"] = [{"index": 0, **message["tool_calls"][0]}]
        chunks = [{**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]},
                  {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": said["choices"][0]["finish_reason"]}]}]
        if (asked.get("stream_options") or {}).get("include_usage"):
            chunks.append({**head, "choices": [], "usage": said["usage"]})
        return chunks

    @staticmethod
    def message_events(said):
        block, usage = said["content"][0], said["usage"]
        delta = {"type": "text_delta", "text": block["text"]} if block["type"] == "text" else {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
        empty = {**block, "text": ""} if block["type"] == "text" else {**block, "input": {}}
        return [{"type": "message_start", "message": {**said, "content": [], "stop_reason": None, "usage": {**usage, "output_tokens": 1}}},
                {"type": "content_block_start", "index": 0, "content_block": empty},
                {"type": "content_block_delta", "index": 0, "delta": delta},
                {"type": "content_block_stop", "index": 0},
                {"type": "message_delta", "delta": {"stop_reason": said["stop_reason"], "stop_sequence": None}, "usage": usage},
                {"type": "message_stop"}]

    @staticmethod
    def response_events(said):
        item = said["output"][0]
        going = {**said, "status": "in_progress", "output": [], "usage": None}
        events = [{"type": "response.created", "response": going}, {"type": "response.output_item.added", "output_index": 0, "item": item}]
        if item["type"] == "message":
            events.append({"type": "response.output_text.delta", "item_id": item["id"], "output_index": 0, "content_index": 0, "delta": item["content"][0]["text"]})
        events += [{"type": "response.output_item.done", "output_index": 0, "item": item}, {"type": "response.completed", "response": said}]
        return [{**one, "sequence_number": number} for number, one in enumerate(events)]
