"""An OpenAI-compatible server whose model is a few lines of Python: it quotes the lines that share most words with the
question. What it gets wrong is not the fault of a model's taste, and two runs say the same.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_LINE = re.compile(r"^\[(?P<id>\d+)\] \"(?P<rest>.*)\"(?: \(×\d+\))?$", re.M)
_QUESTION = re.compile(r"^Question:\s*(?P<text>.+)$", re.M)
_WORD = re.compile(r"[a-z0-9]+|[㐀-鿿]")
_MOST = 2
"""Lines that are quoted."""


@contextmanager
def scripted_endpoint() -> Iterator[str]:
    """The base URL of the server, while it runs."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def reply(prompt: str) -> str:
    """The answer to a prompt with a line ``Question: …`` and lines of evidence ``[number] …``, as JSON."""
    asked = _QUESTION.search(prompt)
    wanted = set(_WORD.findall(asked["text"].lower())) if asked else set()
    lines = list(_LINE.finditer(prompt))
    shares = sorted(((len(wanted & set(_WORD.findall(line["rest"].lower()))), -i) for i, line in enumerate(lines)))
    best = [lines[-i] for share, i in reversed(shares[-_MOST:]) if share]
    claims = [{"notes": [int(line["id"])], "text": line["rest"].strip()[:300]} for line in best]
    return json.dumps({"claims": claims, "found": bool(claims)}, ensure_ascii=False)


def said_to(asked: dict[str, Any]) -> str:
    """What it says to a request: it leaves all look-ups to the rules, and doubts nothing."""
    system, prompt = (
        "\n".join(message["content"] or "" for message in asked["messages"] if message["role"] == role)
        for role in ("system", "user")
    )
    if asked.get("tools"):
        return "DONE"
    if '"finish"' in system:
        return json.dumps({"finish": "DONE"})
    return reply(prompt) if '"notes"' in system else "yes"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        asked: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        prompt = "\n".join(message["content"] or "" for message in asked["messages"])
        said = said_to(asked)
        body = json.dumps(
            {
                "id": "scripted", "object": "chat.completion", "created": 0, "model": asked["model"],
                "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": said}}],
                "usage": {"prompt_tokens": len(prompt) // 4, "completion_tokens": len(said) // 4, "total_tokens": 0},
            }
        ).encode()  # fmt: skip
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is logged."""
