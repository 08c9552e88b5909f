"""The graph with a language model that is scripted: it plans, drafts, is checked, and may fail at any point."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agents.chat.limits import MOST_CALLS, ChatLimits
from agents.chat.run_context import TurnStoppedError
from encoders.bundle import Encoders
from stores.core.errors import EndpointError
from stores.library_store import LibraryStore
from tests.unit.agents.chat.models import NO, YES, Asked, asks_for, drafted, in_json_form, model, note
from tests.unit.agents.scripted_endpoint import Answer, Raw, Request, Said, last_text, scripted_endpoint, texts
from tests.unit.agents.small_library import add_video

Library = tuple[LibraryStore, Encoders]

QUESTION = "How long must the dough rest?"
RULES = "The dough must rest for two hours."
SAID = ("Today we bake bread.", RULES, "The oven must be at 250 degrees.")
SEARCH = ("search_moments", {"query": "dough rests"})
READ = ("read_text", {"video": "bread.mp4", "around": 3, "seconds": 10})
COUNT = ("query_tables", {"sql": "SELECT COUNT(*) AS n FROM transcript"})


@pytest.fixture(scope="module")
def bread(tmp_path_factory: pytest.TempPathFactory, encoders: Encoders) -> Iterator[Library]:
    root = tmp_path_factory.mktemp("bread")
    with LibraryStore.open(root / "library", create=True) as store:
        add_video(store, encoders, root / "bread.mp4", "imagenet:963", SAID)
        add_video(store, encoders, root / "harbour.mp4", "imagenet:914", ("The ferry leaves at nine.",))
        yield store, encoders


def rests(prompt: str) -> list[tuple[str, list[int]]]:
    return [("The dough must rest for two hours.", note(prompt, "two hours"))]


@pytest.mark.parametrize("form", ["native", "json"])
def test_a_model_looks_three_times_drafts_and_is_checked(bread: Library, form: str) -> None:
    sensible = model([SEARCH, READ, COUNT], rests)
    with scripted_endpoint(sensible if form == "native" else in_json_form(sensible)) as server:
        asked = Asked(bread, server.base_url, QUESTION)
    assert (asked.claims, asked.answer["mode"], asked.answer["abstained"]) == ([RULES], "llm", False)
    assert [one["call"]["name"] for one in asked.looked] == ["search_moments", "read_text", "query_tables"]
    assert [one["error"] for one in asked.looked] == ["", "", ""]
    assert asked.looked[2]["rows"] == [{"n": 4}]
    assert asked.answer["claims"][0]["evidence_ids"] == ["utt_bread_1"]
    spent = asked.context.usage
    assert spent.calls == len(server.requests) - (form == "json"), "a refused parameter costs nothing"
    assert spent.tokens == 18 * spent.calls
    for node, update in asked.updates:
        json.dumps(update, allow_nan=False)
        if node == "draft":
            assert "utt_bread_1" in update["evidence_ids"]
    told = json.dumps(asked.steps)
    assert "two hours" not in told, "steps hold nothing of what was found or drafted"
    assert told.count('"looked"') == 3


def test_nothing_of_this_machine_reaches_a_model(bread: Library) -> None:
    store = bread[0]
    ids = [video.video_id for video in store.catalog.videos()]
    calls = [
        SEARCH,
        ("query_tables", {"sql": "SELECT video_id AS v, evidence_id AS e, text FROM transcript"}),
        ("query_tables", {"sql": "SELECT video_id || ' ' || name AS x FROM videos"}),
        ("read_text", {"video": str(store.root / "elsewhere" / "bread.mp4")}),
        ("read_text", {"video": "vid_"}),
        ("video_overview", {"video": "bread.mp4"}),
        ("list_videos", {}),
    ]
    with scripted_endpoint(model(calls, rests)) as server:
        asked = Asked(bread, server.base_url, QUESTION)
    assert len(asked.looked) == len(calls)
    told = [
        message["content"]
        for request in server.requests
        for message in request["messages"]
        if message["role"] != "assistant"
    ]
    for one in (*ids, "utt_bread", "clp_bread", "lbl_bread", str(store.root), str(store.root.parent)):
        assert not any(one in text for text in told), one
    assert any("bread.mp4" in text for text in told), "videos are known by their names"


def test_at_most_eight_look_ups_are_made_and_then_it_is_answered(bread: Library) -> None:
    def restless(request: Request) -> Answer:
        if asks_for(request) == "plan":
            begun = len(server.requests)
            return Said(calls=[("search_moments", {"query": f"dough {begun} {n}"}) for n in range(3)])
        return drafted(rests(last_text(request))) if asks_for(request) == "draft" else YES

    with scripted_endpoint(restless) as server:
        asked = Asked(bread, server.base_url, QUESTION)
    assert len(asked.looked) == MOST_CALLS
    assert asked.claims == [RULES]
    with scripted_endpoint(model([("search_moments", {"query": f"dough {n}"}) for n in range(99)], rests)) as server:
        asked = Asked(bread, server.base_url, QUESTION)
    assert (len(asked.looked), asked.claims) == (MOST_CALLS, [RULES])


def test_the_same_call_is_made_once(bread: Library) -> None:
    with scripted_endpoint(model([SEARCH] * 99, rests)) as server:
        asked = Asked(bread, server.base_url, QUESTION)
        told = last_text(server.requests[2])
    assert [bool(one["error"]) for one in asked.looked] == [False] + [True] * (MOST_CALLS - 1)
    assert "made before" in told
    assert asked.claims == [RULES]


def test_rejected_claims_go_back_once_with_the_reasons(bread: Library) -> None:
    def claims(prompt: str) -> list[tuple[str, list[int]]]:
        if "refused" in prompt:
            return [("The oven must be at 250 degrees.", note(prompt, "250"))]
        return [("The dough must rest for nine hours.", note(prompt, "two hours")), *rests(prompt)]

    with scripted_endpoint(model([SEARCH], claims)) as server:
        asked = Asked(bread, server.base_url, "What do the dough and the oven need?")
        drafts = [last_text(one) for one in server.requests if asks_for(one) == "draft"]
    assert len(drafts) == 2
    assert "nine hours" in drafts[1]
    assert "nine" not in asked.answer["text"]
    assert RULES in asked.claims, "what stood the first time stays"


def test_a_model_whose_claims_never_stand_leaves_it_to_the_rules(bread: Library) -> None:
    wrong = model([SEARCH], lambda prompt: [("The dough costs nine euros.", note(prompt, "two hours"))])
    with scripted_endpoint(wrong) as server:
        asked = Asked(bread, server.base_url, QUESTION)
        assert sum(asks_for(one) == "draft" for one in server.requests) == 2
    assert asked.answer["mode"] == "extractive"
    assert "two hours" in asked.answer["text"]


def test_a_model_that_judges_can_only_remove(bread: Library) -> None:
    with scripted_endpoint(model([SEARCH], rests, NO)) as server:
        doubting = Asked(bread, server.base_url, QUESTION)
    assert doubting.answer["mode"] == "extractive", "the rules answer instead"
    wrong = model([SEARCH], lambda prompt: [("The dough is made of gold.", note(prompt, "two hours"))], YES)
    with scripted_endpoint(wrong) as server:
        assert "gold" not in Asked(bread, server.base_url, QUESTION).answer["text"]
        assert all(asks_for(one) != "judge" for one in server.requests), "nothing is judged that the check rejects"


BROKEN: dict[str, Any] = {
    "prose": "I would rather talk about the weather.",
    "half a JSON object": '{"claims": [{"notes": [1',
    "not a completion": Raw({"choices": []}),
    "nothing": "",
    "context": {"message": "maximum context length is 10 tokens", "code": "context_length_exceeded"},
    "filtered": Said(refusal="I cannot help with that."),
}


@pytest.mark.parametrize("stage", ["plan", "draft", "judge"])
@pytest.mark.parametrize("fault", [*BROKEN, "cut", "429", "500", "slow"])
def test_a_model_that_fails_in_the_middle_is_replaced_by_the_rules(bread: Library, fault: str, stage: str) -> None:
    lost = {"cut": Said("x" * 200, cut=20), "429": 429, "500": 500, "slow": Said("late", pause=1.5)}
    sensible = model([SEARCH, READ], rests)

    def failing(request: Request) -> Answer:
        done = sum(message["role"] == "tool" for message in request["messages"])
        if asks_for(request) == stage and (stage != "plan" or done):
            return BROKEN.get(fault, lost.get(fault))
        return sensible(request)

    with scripted_endpoint(failing) as server:
        asked = Asked(bread, server.base_url, QUESTION, timeout=0.7)
    assert not asked.answer["abstained"]
    assert "two hours" in asked.answer["text"]
    assert asked.answer["mode"] == (
        "llm" if stage == "judge" or (stage == "plan" and fault in BROKEN) else "extractive"
    )


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (401, "ENDPOINT_REFUSED"),
        (404, "ENDPOINT_REFUSED"),
        (429, "ENDPOINT_UNREACHABLE"),
        (500, "ENDPOINT_UNREACHABLE"),
    ],
)
def test_an_endpoint_that_never_answers_is_told(bread: Library, answer: int, code: str) -> None:
    with scripted_endpoint(answer) as server, pytest.raises(EndpointError) as raised:
        Asked(bread, server.base_url, QUESTION)
    assert raised.value.code.name == code


@pytest.mark.parametrize(
    "limits",
    [
        ChatLimits(tokens=60),
        ChatLimits(calls=2),
        ChatLimits(calls=0),
        ChatLimits(seconds=1.5),
        ChatLimits(money=1e-4, prices=(1.0, 1.0)),
    ],
    ids=["tokens", "calls", "no calls", "seconds", "money"],
)
def test_a_budget_that_is_used_up_ends_in_an_answer(bread: Library, limits: ChatLimits) -> None:
    def slow(request: Request) -> Answer:
        said = model([("search_moments", {"query": f"dough {n}"}) for n in range(99)], rests)(request)
        return Said(said, pause=0.4) if isinstance(said, str) else Said(calls=said.calls, pause=0.4, usage=(30, 20))

    with scripted_endpoint(slow) as server:
        asked = Asked(bread, server.base_url, QUESTION, limits, seconds=limits.seconds)
    assert "two hours" in asked.answer["text"]
    assert asked.context.usage.calls <= limits.calls
    assert asked.context.usage.tokens <= max(limits.tokens, 0) + 50


def test_what_a_turn_costs_is_counted_in_money(bread: Library) -> None:
    limits = ChatLimits(prices=(1000.0, 2000.0))
    with scripted_endpoint(model([SEARCH], rests)) as server:
        asked = Asked(bread, server.base_url, QUESTION, limits)
        calls = len(server.requests)
    assert asked.context.usage.cost == pytest.approx(calls * (11 * 1000 + 7 * 2000) / 1e6)


def test_a_turn_that_is_stopped_makes_no_further_call(bread: Library) -> None:
    with scripted_endpoint(model([SEARCH], rests)) as server:
        with pytest.raises(TurnStoppedError):
            Asked(bread, server.base_url, QUESTION, seconds=0.0)
        assert server.requests == []


def test_a_short_context_gets_fewer_notes(tmp_path: Path, encoders: Encoders) -> None:
    too_long = {"message": "maximum context length is 10 tokens", "code": "context_length_exceeded"}
    sizes: dict[str, list[int]] = {"plan": [], "draft": [], "judge": []}

    def small(request: Request) -> Answer:
        told, wanted = "\n".join(texts(request)[1:]), asks_for(request)
        sizes[wanted].append(len(told))
        return too_long if len(told) > 600 else model([SEARCH, READ], rests)(request)

    said = (
        *SAID,
        *(f"The dough of loaf {number} is a matter of long experience." for number in range(20)),
    )
    with LibraryStore.open(tmp_path / "library", create=True) as store:
        add_video(store, encoders, tmp_path / "bread.mp4", "imagenet:963", said)
        with scripted_endpoint(small) as server:
            asked = Asked((store, encoders), server.base_url, QUESTION, ChatLimits(notes=600))
    assert (asked.claims, asked.answer["mode"]) == ([RULES], "llm")
    for kind in ("plan", "draft"):
        assert max(sizes[kind]) > 600 >= sizes[kind][-1], kind


def test_look_ups_stay_within_the_videos_of_the_conversation(bread: Library) -> None:
    store = bread[0]
    ids = {store.catalog.display_uri(one.video_id).rsplit("/", 1)[-1]: one.video_id for one in store.catalog.videos()}
    outside = [
        READ,
        ("search_moments", {"query": "dough", "videos": ["bread.mp4"]}),
        COUNT,
        ("search_moments", {"query": "dough"}),
    ]
    with scripted_endpoint(model(outside, rests)) as server:
        asked = Asked(bread, server.base_url, QUESTION, videos=[ids["harbour.mp4"]])
        told = json.dumps([texts(request)[2:] for request in server.requests])
    assert [one["error"] for one in asked.looked] == ["UNKNOWN_VIDEO", "UNKNOWN_VIDEO", "", ""]
    assert asked.looked[2]["rows"] == [{"n": 1}]
    assert "two hours" not in told
    assert asked.answer["abstained"]


def test_a_plain_greeting_costs_nothing(bread: Library) -> None:
    with scripted_endpoint(model([SEARCH], rests)) as server:
        assert Asked(bread, server.base_url, "Hello!").answer["abstained"]
        assert server.requests == []
