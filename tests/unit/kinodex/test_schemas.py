"""The documents that scripts read are, byte for byte, those of the former commit (``data/*.json``)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kinodex.schemas import (
    answer,
    describe,
    evaluation,
    explain,
    failures,
    ingest,
    reembed,
    search,
    tags,
    upkeep,
    videos,
)
from kinodex.schemas.base import Document
from kinodex.schemas.conversations import chat
from kinodex.schemas.doctor import DoctorDocument
from kinodex.schemas.models import CheckedModelsDocument, ModelsDocument, PulledDocument
from kinodex.schemas.status import StatusDocument
from kinodex.text import listing_json, to_json
from tests.unit.kinodex import results as made

DATA = Path(__file__).parent / "data"
TAGS = {tag.tag_id: tag for tag in made.TAGS}
EVIDENCE = {line.evidence_id: line for line in made.EVIDENCE}
EXPLAINED = replace(made.FOUND, explanation=made.EXPLANATION)

DOCUMENTS = {
    "ingest": lambda: ingest.ingest(made.INGESTED, made.REPORT_PATH, "the budget"),
    "ingest-nothing": lambda: ingest.ingest(made.NOTHING),
    "round": lambda: ingest.watch_round(made.ROUND),
    "round-failed": lambda: ingest.watch_round(made.FAILED_ROUND),
    "plan": lambda: ingest.plan(made.PLAN),
    "plan-empty": lambda: ingest.plan(made.EMPTY_PLAN),
    "reembed-plan": lambda: reembed.reembed_plan(made.REEMBED_PLAN, made.PLAN, ["picture"], made.URIS),
    "reembedded": lambda: reembed.reembedded(made.REEMBEDDED, None, ""),
    "reembedded-nothing": lambda: reembed.reembedded(made.KEPT, None, ""),
    "videos": lambda: videos.videos(made.ENTRIES),
    "show": lambda: videos.shown(made.ENTRIES[0], made.DECISIONS["vid_1"][:1], {"t1": "rock"}, made.EVIDENCE),
    "evaluation": lambda: evaluation.evaluation(made.EVALUATION),
    "evaluation-nothing": lambda: evaluation.evaluation(made.NOTHING_EVALUATED),
    "search": lambda: search.search(made.FOUND, made.URIS),
    "search-explained": lambda: search.search(EXPLAINED, made.URIS),
    "search-videos": lambda: search.search_videos(made.FOUND_VIDEOS, made.URIS),
    "answer": lambda: answer.answer(made.ANSWER, made.URIS),
    "answer-declined": lambda: answer.answer(made.DECLINED, made.URIS),
    "answer-counted": lambda: answer.answer(made.COUNTED, made.URIS),
    "threads": lambda: chat.threads([made.THREAD, made.NARROW_THREAD]),
    "threads-deleted": lambda: chat.DeletedThreadsDocument(deleted=["thr_1"], turns=2),
    "turn": lambda: chat.turn(made.TURNS[0], made.URIS),
    "conversation": lambda: chat.conversation(made.THREAD, made.TURNS, made.URIS),
    "event": lambda: chat.event(made.EVENT),
    "tags": lambda: tags.tags(made.TAGS),
    "decisions": lambda: tags.decisions(made.DECISIONS, TAGS, EVIDENCE, made.URIS),
    "imported": lambda: tags.imported(made.IMPORTED),
    "verified": lambda: upkeep.verified(made.VERIFIED, repair=True),
    "verified-orphans": lambda: upkeep.verified(made.ORPHANS, repair=False),
    "swept": lambda: upkeep.swept(made.SWEPT, dry_run=True),
    "rebuilt": lambda: upkeep.rebuilt(made.REBUILT),
    "forgotten": lambda: upkeep.forgotten({"vid_1": made.HOSTILE}, ["file:///x"], made.FORGOTTEN),
    "replay": lambda: failures.replayed(made.REPLAYED),
    "replay-failed": lambda: failures.replayed(made.REPLAY_FAILED),
    "failure": lambda: failures.stage_failure(made.RECEIPT, made.HOSTILE, "kinodex replay vid_2 --stage speech"),
    "described": lambda: describe.described(made.DESCRIBED),
    "describe-plan": lambda: describe.describe_plan(made.PLANNED_DESCRIPTIONS, (1.0, 2.0)),
    "describe-plan-unpriced": lambda: describe.describe_plan(made.PLANNED_DESCRIPTIONS, None),
}
READ_BACK = {
    "status": StatusDocument,
    "models": ModelsDocument,
    "models-pulled": PulledDocument,
    "models-verified": CheckedModelsDocument,
    "doctor": DoctorDocument,
}
"""What their commands printed before these documents had schemas."""


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_a_document_is_as_it_was(name: str):
    assert to_json(DOCUMENTS[name]().payload()) + "\n" == (DATA / f"{name}.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(READ_BACK))
def test_a_document_that_was_printed_is_read_and_printed_the_same(name: str):
    text = (DATA / f"{name}.json").read_text(encoding="utf-8")
    assert to_json(READ_BACK[name].model_validate_json(text).payload()) + "\n" == text


def test_stages_that_have_never_begun_are_pending_at_their_place():
    shown = videos.shown(made.ENTRIES[0], (), {}, (), ("probe", "scenes", "speech", "vectors"))
    stages = {"probe": "done", "scenes": "pending", "speech": "done", "vectors": "pending"}
    assert list(shown.payload()["stages"].items()) == list(stages.items())


def test_lines_of_a_video_are_as_they_were():
    lines = [line.payload() for line in videos.evidence(made.EVIDENCE, {})]
    assert to_json(lines) + "\n" == (DATA / "evidence.json").read_text(encoding="utf-8")


def test_no_document_was_forgotten_here():
    assert {path.stem for path in DATA.glob("*.json")} == {*DOCUMENTS, *READ_BACK, "evidence"}


def test_an_explanation_alone_is_that_of_the_search():
    alone = explain.explanation(made.EXPLANATION, made.URIS).payload()
    assert search.search(EXPLAINED, made.URIS).payload()["explain"] == alone


def test_a_budget_is_told_only_where_one_was_asked_about():
    assert "over_budget" not in ingest.plan(made.PLAN).payload()
    assert list(ingest.plan(made.PLAN, "").payload())[-1] == "over_budget"


def _all_documents() -> list[type[Document]]:
    found, todo = [], [Document]
    while todo:
        todo += (one := todo.pop()).__subclasses__()
        found.append(one)
    return found[1:]


@pytest.mark.parametrize("document", _all_documents(), ids=lambda one: one.__name__)
def test_every_document_says_what_it_is(document: type[Document]):
    assert document.__doc__
    assert document.model_json_schema()["type"] == "object"


@pytest.mark.parametrize("number", [0, 1, len(made.ENTRIES)])
@pytest.mark.parametrize("ascii_only", [False, True])
def test_a_listing_printed_piece_by_piece_is_the_document(number: int, ascii_only: bool):
    entries = made.ENTRIES[:number]
    pieces = listing_json("videos", (videos.video(entry).payload() for entry in entries), ascii_only)
    assert "".join(pieces) == to_json(videos.videos(entries).payload(), ascii_only)
