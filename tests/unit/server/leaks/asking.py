"""Asking a served library as somebody, and looking for canaries in what is answered."""

from __future__ import annotations

import io
import json
import re
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from fastapi.testclient import TestClient

from kinodex.library import Library
from kinodex.server.app import create_app
from tests.unit.server.leaks.calls import Call
from tests.unit.server.leaks.canaries import NUMBERS, Canaries

API = "/api/v1"

Asked = Literal["seen", "hidden", "absent"]
"""What the ids of a request name."""

_ID = re.compile(r"\{(\w+)_id\}")
_ABSENT = {"video": "vid_" + "f" * 20, "thread": "thr_" + "f" * 20, "turn": "trn_" + "f" * 20}
_ABSENT |= {"job": "job_" + "f" * 20, "collection": "col_" + "f" * 20, "user": "usr_" + "f" * 20}
_ABSENT |= {"key": "key_" + "f" * 20, "evidence": "utt_ffff_0", "tag": "t_none", "proposal": "prp_" + "f" * 20}
_ABSENT |= {"person": "per_" + "f" * 16}
_ECHOED = ("query", "sql")
"""Keys of documents that hold what was asked."""


@dataclass(frozen=True)
class Answer:
    """What was answered to one call, and what can be read of it. ``ids``: those that the request named."""

    where: str
    status: int
    text: str
    ids: tuple[str, ...]

    @property
    def json(self) -> Any:
        """The document; None if it is none."""
        try:
            return json.loads(self.text)
        except ValueError:
            return None

    def without_ids(self) -> str:
        """The text without the ids that were asked for."""
        text = self.text
        for one in self.ids:
            text = text.replace(one, "ID")
        return text


class Asker:
    """One principal of a library."""

    def __init__(self, library: Library, made: Canaries, who: str) -> None:
        self.made, self.who = made, who
        headers = {"Authorization": f"Bearer {made.keys[who]}"} if who in made.keys else {}
        app = create_app(library)
        self.client = TestClient(app, base_url="http://127.0.0.1:8730", headers=headers, raise_server_exceptions=False)

    def ask(self, route: str, call: Call, asked: Asked) -> Answer:
        """One call of a route."""
        method, path = route.split(" ", 1)
        ids: list[str] = []

        def named(found: re.Match[str]) -> str:
            ids.append(self._id(found[1], asked))
            return ids[-1]

        path = _ID.sub(named, path)
        for name, value in call.path.items():
            path = path.replace(f"{{{name}}}", value)
        filled = json.loads(_ID.sub(named, json.dumps([call.query, call.body, call.content])))
        sent = {"content": filled[2]} if call.content else {"json": filled[1]}
        headers = {"Content-Type": "application/octet-stream"} if call.content else {}
        answer = self.client.request(
            method,
            path if path.startswith("/v1/") else f"{API}{path}",
            params=filled[0],
            headers={**headers, **call.headers},
            **sent,
        )
        if "name" in filled[0] and call.content:
            ids.append(filled[0]["name"].rpartition(".")[0])  # an import repeats what its file is called
        where = f"{method} {path} {filled[0] or ''} {filled[1] or ''} by {self.who}, {asked}"
        kept = [
            f"{name}: {value}" for name, value in answer.headers.items() if name in ("location", "content-disposition")
        ]
        text = "\n".join([*_texts(answer.content), *kept])
        if route.endswith("/turns") and answer.status_code == 202:
            text += self._answered(answer.json()["turn_id"])
        return Answer(where, answer.status_code, text, tuple(ids))

    def _id(self, what: str, asked: Asked) -> str:
        if asked == "absent":
            return _ABSENT[what]
        if asked == "hidden":
            return self.made.ids[f"hidden_{what}"]
        return self.made.ids.get(f"{what}_of_{self.who}") or self.made.ids[what]

    def _answered(self, turn_id: str) -> str:
        for _ in range(600):
            found = self.client.get(f"{API}/turns/{turn_id}")
            if found.status_code != 200 or found.json()["status"] != "running":
                break
            time.sleep(0.1)
        return "\n" + found.text + "\n" + self.client.get(f"{API}/turns/{turn_id}/events").text


def names_ids(route: str, call: Call) -> bool:
    """Whether a call names ids."""
    return bool(_ID.search(route + json.dumps([call.query, call.body, call.content])))


def leaks(answer: Answer, made: Canaries) -> list[str]:
    """What an answer holds that it must not."""
    text, document = answer.text, answer.json
    if isinstance(document, dict):
        text = json.dumps({key: value for key, value in document.items() if key not in _ECHOED}, ensure_ascii=False)
    for one in answer.ids:
        # That an id is repeated says nothing; `test_hidden_and_absent_ids_are_told_alike` sees what does.
        text = text.replace(one, "ID")
    found = [one for one in made.secrets if one in text]
    found += [f"the number {one}" for one in _integers(document) if one in NUMBERS]
    return found


def _integers(value: Any) -> Iterator[int]:
    if isinstance(value, dict):
        for each in value.values():
            yield from _integers(each)
    elif isinstance(value, list):
        for each in value:
            yield from _integers(each)
    elif isinstance(value, int) and not isinstance(value, bool):
        yield value


def _texts(content: bytes) -> Iterator[str]:
    """What can be read in a body; of an archive, what is in it."""
    if content[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                yield name
                yield from _texts(archive.read(name))
        return
    if content[:4] == b"PAR1":
        import pyarrow.parquet

        yield json.dumps(pyarrow.parquet.read_table(io.BytesIO(content)).to_pylist(), default=str)
        return
    yield content.decode("utf-8", "replace")


_RANDOM = re.compile(r"\b(usr|col|key|thr|trn|job|und|stp|per)_[0-9a-f]{16,20}\b")
_MOVING = ("next", "secret", "usage", "url", "revision", "at", "elapsed")


def plain(text: str) -> str:
    """A text without what differs between two libraries that hold the same: random ids, times, cursors."""
    text = _RANDOM.sub(r"\1", text)
    try:
        return json.dumps(_still(json.loads(text)), ensure_ascii=False)
    except ValueError:
        return re.sub(r"\b1[6-9]\d{8}(\.\d+)?\b", "TIME", text)


def _still(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: key if key in _MOVING and each else _still(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_still(each) for each in value]
    if isinstance(value, int | float) and value > 1e9:
        return "TIME"
    return value
