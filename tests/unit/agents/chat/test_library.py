"""From the settings to an answer: `Library.ask` and `Library.chat` with the language model of ``[endpoint]``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from encoders.bundle import Encoders
from kinodex.library import Library
from kinodex.settings import Settings
from stores.core.errors import EndpointError
from stores.library_store import LibraryStore
from tests.unit.agents.chat.models import asks_for, model, note
from tests.unit.agents.scripted_endpoint import scripted_endpoint
from tests.unit.agents.small_library import add_video

RULE = "The dough must rest for two hours."
CALLS = [
    ("search_moments", {"query": "dough"}),
    ("read_text", {"video": "bread.mp4"}),
    ("query_tables", {"sql": "SELECT COUNT(*) AS n FROM transcript"}),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, encoders: Encoders) -> Path:
    root = tmp_path_factory.mktemp("bread")
    with LibraryStore.open(root / "library", create=True) as store:
        said = ("Today we bake bread.", RULE, "The oven must be at 250 degrees.")
        add_video(store, encoders, root / "bread.mp4", "imagenet:963", said)
    return root


def library(folder: Path, base_url: str, **chat: float) -> Library:
    (folder / "kinodex.toml").write_text(
        f'[endpoint]\nbase_url = "{base_url}"\nmodel = "m"\nmax_retries = 0\ntimeout_seconds = 5.0\n'
        "price_per_million_input = 1000.0\nprice_per_million_output = 2000.0\n"
        + "".join(["[chat]\n", *(f"{name} = {value}\n" for name, value in chat.items())]),
        encoding="utf-8",
    )
    return Library(Settings.load(folder / "kinodex.toml", library=folder / "library"))


def sensible(prompt: str) -> list[tuple[str, list[int]]]:
    wanted = "250" if "oven" in prompt.rpartition("Question:")[2] else "two hours"
    return [(RULE if wanted == "two hours" else "The oven must be at 250 degrees.", note(prompt, wanted))]


def test_a_question_is_planned_drafted_and_answered_by_the_endpoint(folder: Path) -> None:
    with scripted_endpoint(model(CALLS, sensible)) as server, library(folder, server.base_url) as opened:
        answer = opened.ask("How long must the dough rest?")
        wanted = [asks_for(request) for request in server.requests]
    assert (answer.mode, [claim.text for claim in answer.claims]) == ("llm", [RULE])
    assert answer.claims[0].citations[0].evidence_id == "utt_bread_1"
    assert wanted == ["plan"] * 4 + ["draft", "judge"]


def test_a_conversation_with_the_endpoint_is_told_step_by_step_and_its_cost_is_kept(folder: Path) -> None:
    events = []
    with scripted_endpoint(model(CALLS, sensible)) as server, library(folder, server.base_url) as opened:
        chat = opened.chat()
        first = chat.ask("How long must the dough rest?", events.append)
        calls = len(server.requests)
        second = chat.ask("How hot must the oven be?")
    assert [(turn.status, turn.mode) for turn in (first, second)] == [("done", "llm"), ("done", "llm")]
    assert (first.answer, second.answer) == (RULE, "The oven must be at 250 degrees.")
    assert (first.usage.calls, first.usage.tokens) == (calls, 18 * calls)
    assert first.usage.cost == pytest.approx(calls * 0.025)
    before_answer = [event for event in events if event.kind in ("step", "node")]
    assert [event.payload.get("tool") for event in before_answer if event.payload.get("kind") == "looking"] == [
        name for name, _ in CALLS
    ]
    assert "two hours" not in json.dumps([event.payload for event in before_answer])


def test_an_endpoint_that_is_away_fails_the_turn_with_its_code_and_not_the_conversation(folder: Path) -> None:
    with scripted_endpoint(500) as server, library(folder, server.base_url) as opened:
        chat = opened.chat()
        turn = chat.ask("How long must the dough rest?")
        assert (turn.status, turn.error_code) == ("failed", "ENDPOINT_UNREACHABLE")
        with pytest.raises(EndpointError):
            opened.ask("How long must the dough rest?")
        server.replies[:] = [model(CALLS, sensible)]
        assert chat.ask("How long must the dough rest?").answer == RULE


@pytest.mark.parametrize("chat", [{"money": 0.05}, {"tokens": 40}, {"seconds": 4.0}])
def test_limits_of_the_settings_end_in_an_answer(folder: Path, chat: dict[str, float]) -> None:
    restless = model([("search_moments", {"query": f"dough {n}"}) for n in range(99)], sensible)
    with scripted_endpoint(restless) as server, library(folder, server.base_url, **chat) as opened:
        turn = opened.chat().ask("How long must the dough rest?")
    assert turn.status == "done"
    assert "two hours" in turn.answer
