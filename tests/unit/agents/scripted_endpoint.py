"""An OpenAI-compatible server on loopback whose replies are scripted: real HTTP, every request kept.

A reply is

- a ``str``: what the model says; an ``int``: an HTTP error status; a ``dict``: the error object of a bad request (400);
- `Said`: text, tool calls, log-probabilities, how it ends, and how it is sent: cut, slow, without usage;
- `Raw`: any status, headers and body;
- a function of the request that gives any of these: a model that acts on what it is told.

Where a request asks for a stream, it gets one. A model that obeys whatever it reads on screen, to see what it can do:

    def obedient(request):
        orders = re.search(r"ignore .*? and (.*)", last_text(request))
        return Said(calls=[("delete_everything", {})]) if orders else "Nothing is ordered."
"""

from __future__ import annotations

import base64
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Request = dict[str, Any]


@dataclass(frozen=True)
class Said:
    """What a model says.

    ``calls``: (name, arguments) of each tool call; a str is sent as it is, JSON or not. ``likely``: for each place of
    the reply tokens with log-probabilities, sent if they are asked for. ``usage``: (read, written), None to tell
    nothing. ``cut``: a stream ends after so many pieces, another reply after so many bytes. ``pause``: seconds before
    each piece of a stream, or before the reply. ``plain``: answers with JSON although a stream is asked for.
    """

    text: str = ""
    calls: Sequence[tuple[str, Mapping[str, Any] | str]] = ()
    likely: Sequence[Mapping[str, float]] = ()
    ends: str = ""
    usage: tuple[int, int] | None = (11, 7)
    cached: int = 0
    refusal: str = ""
    cut: int | None = None
    pause: float = 0.0
    plain: bool = False
    same_index: bool = False


@dataclass(frozen=True)
class Raw:
    """A reply as it stands."""

    body: str | bytes | Mapping[str, Any] = ""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Answer = str | int | dict[str, Any] | Said | Raw
Reply = Answer | Callable[[Request], Answer]


@dataclass
class ScriptedEndpoint:
    """``replies`` are given in turn, the last one for ever."""

    base_url: str
    replies: list[Reply]
    requests: list[Request] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    served: int = 0

    def next_reply(self, request: Request) -> Answer:
        reply = self.replies[min(self.served, len(self.replies) - 1)]
        self.served += 1
        return reply(request) if callable(reply) else reply


def texts(request: Request) -> list[str]:
    """The text of every message, in order."""
    made = []
    for message in request["messages"]:
        content = message.get("content") or ""
        parts = [{"text": content}] if isinstance(content, str) else content
        made.append("".join(part.get("text", "") for part in parts))
    return made


def last_text(request: Request) -> str:
    """The text of the last message."""
    return texts(request)[-1]


def pictures(request: Request) -> list[bytes]:
    """The files of all pictures that are shown."""
    parts = [
        part for message in request["messages"] if isinstance(message["content"], list) for part in message["content"]
    ]
    urls = [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]
    return [base64.b64decode(url.partition(",")[2]) for url in urls]


def refuses(then: Answer = '{"name": "grey"}', **refusals: Answer) -> Callable[[Request], Answer]:
    """A model that takes none of the given parameters, and says ``then`` without them."""
    return lambda request: next((error for name, error in refusals.items() if name in request), then)


def small_context(tokens: int, error: Answer, then: Reply) -> Callable[[Request], Answer]:
    """A model that takes so many words and no more."""

    def reply(request: Request) -> Answer:
        if sum(len(re.findall(r"\w+", text)) for text in texts(request)) > tokens:
            return error
        return then(request) if callable(then) else then

    return reply


@contextmanager
def scripted_endpoint(*replies: Reply) -> Iterator[ScriptedEndpoint]:
    """The server, as long as the block runs."""
    state = ScriptedEndpoint("", list(replies))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            state.requests.append(request)
            state.keys.append(self.headers.get("Authorization", ""))
            state.times.append(time.monotonic())
            reply = state.next_reply(request)
            # The client may be gone: it has a time-out, too.
            with suppress(BrokenPipeError, ConnectionResetError):
                if isinstance(reply, Said) and request.get("stream") and not reply.plain:
                    self.stream(reply, bool(request.get("stream_options")), bool(request.get("logprobs")))
                else:
                    self.whole(request, reply)

        def whole(self, request: Request, reply: Answer) -> None:
            if isinstance(reply, str) and request.get("stream"):
                return self.stream(Said(reply), bool(request.get("stream_options")), False)
            status, headers, cut = 200, {"Content-Type": "application/json"}, None
            if isinstance(reply, Raw):
                body: object = reply.body
                status, headers = reply.status, {**headers, **reply.headers}
            elif isinstance(reply, dict):
                body, status = {"error": reply}, 400
            elif isinstance(reply, int):
                message = "response_format is not supported" if reply == 400 else "no"
                body, status = {"error": {"message": message}}, reply
            else:
                said = Said(reply) if isinstance(reply, str) else reply
                time.sleep(said.pause)
                body, cut = completion(said, bool(request.get("logprobs"))), said.cut
            text = json.dumps(body) if isinstance(body, Mapping) else body
            data = text.encode() if isinstance(text, str) else bytes(text)  # type: ignore[call-overload]
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data[:cut])
            if cut is not None:
                self.hang_up()
            return None

        def stream(self, said: Said, usage: bool, logprobs: bool) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")  # without a length: a cut looks like an end
            self.end_headers()
            for chunk in list(chunks(said, usage, logprobs))[: said.cut]:
                time.sleep(said.pause)
                self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
                self.wfile.flush()
            if said.cut is None:
                self.wfile.write(b"data: [DONE]\n\n")
            self.hang_up()

        def hang_up(self) -> None:
            self.wfile.flush()
            self.close_connection = True
            with suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.base_url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def completion(said: Said, logprobs: bool = False) -> dict[str, Any]:
    """The JSON value of a whole reply."""
    message: dict[str, Any] = {"role": "assistant", "content": said.text}
    if said.calls:
        message["tool_calls"] = [one for _, one in calls(said)]
    if said.refusal:
        message["refusal"] = said.refusal
    choice: dict[str, Any] = {"index": 0, "finish_reason": ends(said), "message": message}
    if said.likely and logprobs:
        choice["logprobs"] = {"content": places(said)}
    made = {"id": "x", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice]}
    return made | ({"usage": usage_of(said)} if said.usage else {})


def chunks(said: Said, usage: bool, logprobs: bool) -> Iterator[dict[str, Any]]:
    """The JSON values of a stream: one for each word, and two for each call."""

    def chunk(delta: dict[str, Any], end: str | None = None, **more: object) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": end, **more}
        return {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "m", "choices": [choice]}

    yield chunk({"role": "assistant", "content": ""})
    for number, word in enumerate(re.findall(r"\S+\s*|\s+", said.text)):
        more = {"logprobs": {"content": places(said)}} if said.likely and logprobs and not number else {}
        yield chunk({"content": word}, **more)
    for number, call in calls(said):
        index = {} if said.same_index else {"index": number}
        function, half = call["function"], len(call["function"]["arguments"]) // 2
        first = {"name": function["name"], "arguments": function["arguments"][:half]}
        yield chunk({"tool_calls": [{**index, "id": call["id"], "type": "function", "function": first}]})
        yield chunk({"tool_calls": [{**index, "function": {"arguments": function["arguments"][half:]}}]})
    yield chunk({}, ends(said))
    if usage and said.usage:
        yield {"id": "x", "object": "chat.completion.chunk", "choices": [], "usage": usage_of(said)}


def calls(said: Said) -> list[tuple[int, dict[str, Any]]]:
    """The calls, numbered, as they are sent."""
    made = []
    for number, (name, arguments) in enumerate(said.calls):
        given = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
        function = {"name": name, "arguments": given}
        made.append((number, {"id": f"id{number}", "type": "function", "function": function}))
    return made


def places(said: Said) -> list[dict[str, Any]]:
    """The log-probabilities, as they are sent."""
    made = []
    for likely in said.likely:
        ranked = sorted(likely.items(), key=lambda item: -item[1])
        listed = [{"token": token, "logprob": value, "bytes": None} for token, value in ranked]
        made.append({**listed[0], "top_logprobs": listed})
    return made


def ends(said: Said) -> str:
    """The reason for the end."""
    return said.ends or ("tool_calls" if said.calls else "stop")


def usage_of(said: Said) -> dict[str, Any]:
    """The counts of tokens."""
    read, written = said.usage or (0, 0)
    told: dict[str, Any] = {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}
    return told | ({"prompt_tokens_details": {"cached_tokens": said.cached}} if said.cached else {})
