"""Assistants learn no more than their principal sees: every tool of the MCP server, enumerated."""

from __future__ import annotations

import json
import shutil
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client

from kinodex.library import Library
from kinodex.mcp.reach import Reach
from kinodex.mcp.server import make_server, schema_of
from kinodex.views.library_view import LibraryView
from tests.unit.server.leaks.asking import Answer, leaks
from tests.unit.server.leaks.calls import HOSTILE, SQL
from tests.unit.server.leaks.canaries import WORD, Canaries, make

WHO = ("reader", "editor", "narrow", "outsider")

Arguments = dict[str, Any]

TOOLS: dict[str, list[Arguments]] = {
    "search_moments": [
        {"query": "harbour", "k": 50},
        {"query": WORD, "k": 50},
        {"query": "harbour", "mode": "exact"},
        {"query": "harbour", "video_ids": ["{video}"]},
        {"query": "harbour", "collection": "{collection}"},
    ],
    "search_videos": [{"query": "harbour", "k": 20}, {"query": WORD}],
    "get_evidence": [{"evidence_ids": ["{evidence}"]}],
    "query_tables": [{"sql": one} for one in (*SQL, *HOSTILE)],
    "list_videos": [{}, {"name": WORD}, {"tag_id": "t1"}, {"collection": "{collection}"}, {"limit": 1}],
    "get_video": [{"video_id": "{video}"}],
    "read_text": [{"video_id": "{video}"}, {"video_id": "{video}", "kind": "screen", "start": 0}],
    "look_at_frames": [{"video_id": "{video}", "times": [1]}, {"evidence_ids": ["{evidence}"]}],
    "get_answer": [{"turn_id": "{turn}"}],
    "get_job": [{"job_id": "{job}"}],
    "ask": [{"question": "How many videos are there?"}, {"question": "What opens?", "video_ids": ["{video}"]}],
    "list_tags": [{}, {"words": "cook"}, {"words": WORD}],
    "list_people": [{}, {"name": "Nora"}, {"name": WORD}],
    "decide_tag": [{"video_id": "{video}", "tag_id": "t1", "verdict": "rejected"}],
    "start_ingest": [{"paths": ["/films"]}, {"paths": ["/films"], "collection": "{collection}"}],
}
"""How to call every tool: one without a row fails."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Canaries:
    return make(tmp_path_factory.mktemp("assistants"))


@pytest.fixture
def opened(made: Canaries, tmp_path: Path) -> Iterator[tuple[Library, Canaries]]:
    copy = replace(made, root=Path(shutil.copytree(made.root, tmp_path / "library")))
    with Library.open(copy.root, create=False) as library:
        yield library, copy


def talk(library: Library, made: Canaries, who: str, do: Callable[[Client], Awaitable[Any]]) -> Any:
    principal = library.store.access.by_key(made.keys[who])
    assert principal is not None
    door = Reach(lambda _: LibraryView(library, principal), lambda _: "http://here", lambda: schema_of(library))

    async def run() -> Any:
        async with Client(make_server(door)) as client:
            return await do(client)

    return anyio.run(run)


def filled(made: Canaries, who: str, arguments: Arguments, hidden: bool) -> Arguments:
    text = json.dumps(arguments)
    for name in ("video", "evidence", "collection", "turn", "job"):
        one = made.ids[f"hidden_{name}"] if hidden else made.ids.get(f"{name}_of_{who}") or made.ids[name]
        text = text.replace(f"{{{name}}}", one)
    found: Arguments = json.loads(text)
    return found


def test_every_tool_has_a_row(opened: tuple[Library, Canaries]) -> None:
    listed = talk(*opened, "reader", lambda client: client.list_tools())
    assert {tool.name for tool in listed.tools} == set(TOOLS)


@pytest.mark.parametrize("who", WHO)
def test_no_tool_tells_a_canary(opened: tuple[Library, Canaries], who: str) -> None:
    library, made = opened

    async def all_tools(client: Client) -> dict[str, list[str]]:
        found = {}
        for name, calls in TOOLS.items():
            for arguments in calls:
                for hidden in (True, False):
                    asked = filled(made, who, arguments, hidden)
                    answer = await client.call_tool(name, asked)
                    text = answer.model_dump_json()
                    document = json.dumps(answer.structured_content or {})
                    ids = tuple(one for one in made.ids.values() if one in json.dumps(asked))
                    seen = leaks(Answer(name, 200, text, ids), made)
                    seen += leaks(Answer(name, 200, document, ids), made)
                    if seen:
                        found[f"{name} {asked}"] = seen
        return found

    assert talk(library, made, who, all_tools) == {}
