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
    """`calls`: one (model, input tokens, cached, output tokens) an answer that was 200."""

    def __init__(self):
        self.calls, self.failed, self.delay_s = [], 0, 0.0
        provider = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

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
        elif ":generateContent" in handler.path:
            status, said = self.generate(handler.path.rsplit("/", 1)[1].partition(":")[0], asked)
        else:
            status, said = self.chat(asked)
        if status == 200 and asked.get("stream"):
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
        if place:
            message["tool_calls"] = [{"id": f"call_{number}", "type": "function",
                                      "function": {"name": "get_weather", "arguments": json.dumps({"place": place})}}]
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
        if place:
            output = [{"type": "function_call", "id": f"fc_{number}", "call_id": f"call_{number}", "name": "get_weather",
                       "arguments": json.dumps({"place": place}), "status": "completed"}]
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
        content = [{"type": "tool_use", "id": f"toolu_{number}", "name": "get_weather", "input": {"place": place}}] if place else \
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
        part = {"functionCall": {"name": "get_weather", "args": {"place": place}}} if place else {"text": f"It is sunny. ({number})"}
        return 200, {"responseId": f"gemini-{number}", "modelVersion": model,
                     "candidates": [{"index": 0, "content": {"role": "model", "parts": [part]}, "finishReason": "STOP"}],
                     "usageMetadata": {"promptTokenCount": total, "cachedContentTokenCount": cached, "candidatesTokenCount": out, "totalTokenCount": total + out}}

    def stream(self, handler, asked, said):
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
        body = "".join(f"data: {json.dumps(one)}\n\n" for one in chunks) + "data: [DONE]\n\n"
        self.send(handler, 200, "text/event-stream", body.encode())
