"""Numbers out of the tables are exact."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from stores.library_store import LibraryStore
from tests.unit.stores.query.planted import plant
from tests.unit.stores.query.questions import QUESTIONS, Answer


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LibraryStore]:
    root: Path = tmp_path_factory.mktemp("planted") / "library"
    with LibraryStore.open(root, create=True) as store:
        plant(store)
        yield store


def test_there_are_sixty_questions() -> None:
    assert len({sql for sql, _ in QUESTIONS}) >= 60


@pytest.mark.parametrize(("sql", "answer"), QUESTIONS, ids=[sql for sql, _ in QUESTIONS])
def test_a_planted_question_is_answered_exactly(planted: LibraryStore, sql: str, answer: Answer) -> None:
    result = planted.query.run(sql)
    assert result.rows == ((answer,),)
    assert planted.query.run(result.sql) == result
