"""The planted library is seen and heard as it was made, and asked; the bars are what holds today."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.answer_cases.asking import Asker
from benchmarks.answer_cases.cases import Case
from benchmarks.answer_cases.measuring import Measured, measure
from benchmarks.answers import cases_in
from kinodex.library import Library
from tests.amount import FULL
from tests.planted.films import FILMS
from tests.planted.library import Planted, build
from tests.planted.making import digest_of, make

DATA = Path(__file__).parent / "data"
CASES, CONVERSATIONS, LISTS = cases_in(DATA)
RESERVE = cases_in(DATA / "reserve")[0]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def library(planted_library: Planted) -> Iterator[Library]:
    with planted_library.open() as opened:
        yield opened


@pytest.fixture(scope="session")
def measured(library: Library) -> Measured:
    """All of it, or every fifth question and conversation; `make answers` asks them all."""
    some = slice(None, None, 1 if FULL else 5)
    return measure(Asker(library), CASES[some], CONVERSATIONS[some], LISTS)


def test_a_film_is_made_the_same_again(planted_library: Planted, tmp_path: Path):
    film = next(film for film in FILMS if film.name == "yangguang-xiaoxue.mp4")
    make([film], tmp_path)
    assert (tmp_path / film.name).read_bytes() == (planted_library.media / film.name).read_bytes()
    assert digest_of([film]) != digest_of(FILMS)


def test_a_library_that_is_there_is_not_made_again(planted_library: Planted):
    before = [(path, path.stat().st_mtime_ns) for path in sorted(planted_library.media.iterdir())]
    assert build(planted_library.root.parents[1]) == planted_library
    assert [(path, path.stat().st_mtime_ns) for path in sorted(planted_library.media.iterdir())] == before


def test_every_fact_that_is_asked_for_was_perceived(library: Library):
    asker = Asker(library)
    unseen = [case.text for case in every_case() if case.answerable and case.lines and not asker.oracle(case)]
    assert unseen == []


def test_only_videos_that_were_made_are_asked_for():
    made = {film.name for film in FILMS}
    assert {name for case in every_case() for name in case.videos} <= made


def test_questions_are_of_every_kind():
    answerable = [case for case in CASES if case.answerable]
    assert len(CASES) >= 200
    assert len(CASES) - len(answerable) >= 0.3 * len(CASES)
    assert sum(case.chinese for case in CASES) >= 0.35 * len(CASES)
    assert len({case.text for case in CASES}) == len(CASES)
    assert all(case.videos or case.answers or case.parts for case in answerable)
    assert len(CONVERSATIONS) >= 40
    assert {len(turns) for turns in CONVERSATIONS} <= {3, 4, 5, 6}
    assert {name: len(LISTS[name]) >= least for name, least in LEAST_OF_LISTS.items()} == dict.fromkeys(
        LEAST_OF_LISTS, True
    )


LEAST_OF_LISTS = {"absent": 60, "present": 40, "gibberish": 30, "idle": 30}


def test_what_is_cited_holds(measured: Measured):
    assert measured.by_intent()["all"]["citation_validity"] == 1.0
    assert measured.conversations()["citation_validity"] == 1.0


def test_answers_are_right_as_often_as_they_were(measured: Measured):
    figures = measured.by_intent()["all"]
    assert figures["right"] >= 0.90
    assert figures["declined"] >= 0.93
    assert figures["citation_precision"] >= 0.98
    assert measured.conversations()["right"] >= 0.80


def every_case() -> list[Case]:
    return [*CASES, *RESERVE, *(turn for turns in CONVERSATIONS for turn in turns)]
