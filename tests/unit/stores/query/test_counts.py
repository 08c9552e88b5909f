"""Numbers out of the tables are exact."""

from __future__ import annotations

import pytest

from stores.library_store import LibraryStore
from tests.unit.stores.query.questions import QUESTIONS, Answer


def test_there_are_sixty_questions() -> None:
    assert len({sql for sql, _ in QUESTIONS}) >= 60


@pytest.mark.parametrize(("sql", "answer"), QUESTIONS, ids=[sql for sql, _ in QUESTIONS])
def test_a_planted_question_is_answered_exactly(planted: LibraryStore, sql: str, answer: Answer) -> None:
    result = planted.query.run(sql)
    assert result.rows == ((answer,),)
    assert planted.query.run(result.sql) == result
