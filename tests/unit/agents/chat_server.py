"""A small OpenAI-compatible server on loopback: real HTTP, scripted replies, every request kept."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = str | int | dict[str, Any]
Reply = Answer | Callable[[dict[str, Any]], Answer]


@dataclass
class ChatServer:
    """``replies`` are given in turn, the last one for ever; an int is an HTTP error status, a dict the error
    object of a bad request (HTTP 400)."""

    base_url: str
    replies: list[Reply]
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    served: int = 0

    def next_reply(self, request: dict[str, Any]) -> Answer:
        reply = self.replies[min(self.served, len(self.replies) - 1)]
        self.served += 1
        return reply(request) if callable(reply) else reply


@contextmanager
def chat_server(*replies: Reply, raw: bool = False) -> Iterator[ChatServer]:
    """``raw`` sends replies as they are instead of inside a chat completion."""
    state = ChatServer("", list(replies))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            state.requests.append(request)
            state.keys.append(self.headers.get("Authorization", ""))
            reply = state.next_reply(request)
            if isinstance(reply, dict):
                body, status = {"error": reply}, 400
            elif isinstance(reply, int):
                message = "response_format is not supported" if reply == 400 else "no"
                body, status = {"error": {"message": message}}, reply
            else:
                choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": reply}}
                usage = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
                body = {
                    "id": "x",
                    "object": "chat.completion",
                    "created": 0,
                    "model": "m",
                    "choices": [choice],
                    "usage": usage,
                }
                status = 200
            data = reply.encode() if raw and isinstance(reply, str) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

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
