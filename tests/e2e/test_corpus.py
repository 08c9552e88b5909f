"""The shared corpus, where it is present: what the embedded profile must reach on a small real library.

These are floors for a general method; nothing may be tuned to these clips.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import ROOT, program

CORPUS = ROOT.parent / "shared" / "corpus"

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.slow,
    pytest.mark.skipif(not (CORPUS / "annotations.json").is_file(), reason="the shared corpus is not here"),
]


def kinodex(library: Path, *arguments: str) -> Any:
    ran = program(*arguments, "--library", str(library), "--json", timeout=1200)
    assert ran.code == 0, ran.err
    return ran.json


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("corpus") / "library"


@pytest.fixture(scope="module")
def ingested(library: Path) -> Any:
    return kinodex(library, "ingest", str(CORPUS / "clips"))


@pytest.fixture(scope="module")
def figures(library: Path, ingested: Any) -> Any:
    kinodex(library, "tags", "import", str(CORPUS / "tags.csv"))
    return kinodex(library, "evaluate", str(CORPUS / "annotations.json"), "--clips", str(CORPUS / "clips"))


def test_all_clips_are_ingested(ingested: Any) -> None:
    assert ingested["totals"]["inputs"] == ingested["totals"]["done"] == 24
    assert all(set(video["stages"].values()) == {"done"} for video in ingested["videos"])


def test_moments_are_found(figures: Any) -> None:
    overall = figures["retrieval"]["overall"]
    assert overall["queries"] == 54
    assert overall["recall_at_1"] >= 0.57
    assert overall["recall_at_5"] >= 0.90


def test_tags_are_mostly_right(figures: Any) -> None:
    overall = figures["tagging"]["overall"]
    assert overall["precision"] >= 0.77
    assert overall["recall"] >= 0.25
    assert overall["recall_of_true"] >= 0.25


def test_figures_stand_inside_their_intervals(figures: Any) -> None:
    answers, retrieval, tagging = figures["answers"], figures["retrieval"]["overall"], figures["tagging"]["overall"]
    for measured, intervals in ((each, each["intervals"]) for each in (answers, retrieval, tagging)):
        for name, (low, high) in intervals.items():
            assert low <= measured[name] <= high


def test_answers_are_right_also_when_they_must_say_all(figures: Any) -> None:
    answers = figures["answers"]
    assert answers["right"] >= 5
    assert answers["strictly_right"] >= 3


def test_citations_hold_and_what_is_not_there_is_not_answered(figures: Any) -> None:
    assert figures["answers"]["citations"] > 0
    assert figures["answers"]["answered_unanswerable"] == 0.0
    assert figures["answers"]["citation_validity"] == 1.0
    assert figures["answers"]["abstention"] == 1.0


def test_a_second_ingest_does_nothing(library: Path, figures: Any) -> None:
    totals = kinodex(library, "ingest", str(CORPUS / "clips"))["totals"]
    assert totals["reused"] == totals["inputs"] == 24
