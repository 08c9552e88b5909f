"""Whatever is asked, it is answered or refused with a code, and nobody sees what is hidden."""

from __future__ import annotations

import random
from contextlib import suppress

import sqlglot

from stores.core.errors import UsageError
from stores.library_store import LibraryStore
from tests.unit.stores.query.asked import LIKE_SQLITE
from tests.unit.stores.query.hostile import STATEMENTS
from tests.unit.stores.query.planted import HIDDEN
from tests.unit.stores.query.questions import QUESTIONS

_GOOD = (*LIKE_SQLITE, *(sql for sql, _ in QUESTIONS))
_MUTANTS = 400


def _words(sql: str) -> list[str]:
    try:
        return [sql[token.start : token.end + 1] for token in sqlglot.tokenize(sql, read="sqlite")]
    except sqlglot.errors.SqlglotError:
        return []


def _mutant(chance: random.Random, words: list[str]) -> str:
    parts = _words(chance.choice(_GOOD))
    for _ in range(chance.randint(1, 2)):
        at = chance.randrange(len(parts))
        parts[at : at + chance.randint(0, 1)] = chance.choices(words, k=chance.randint(0, 1))
        parts = parts or ["SELECT"]
    return " ".join(parts)


def test_queries_with_words_left_out_put_in_and_exchanged(planted: LibraryStore) -> None:
    chance = random.Random(13)
    words = [word for sql in (*_GOOD, *STATEMENTS) if len(sql) < 400 for word in _words(sql)]
    answered = 0
    for _ in range(_MUTANTS):
        sql = _mutant(chance, words)
        for ask in (planted.query.run, planted.query.witnesses):
            # Every other error fails the test.
            with suppress(UsageError):
                said = str(ask(sql))
                answered += 1
                assert HIDDEN not in said
    assert answered > _MUTANTS / 10
    assert planted.catalog.count() == 4


def test_very_many_videos_can_be_named(planted: LibraryStore, ids: dict[str, str]) -> None:
    many = [*ids.values(), *(f"vid_{number:020d}" for number in range(100_000))]
    assert planted.query.run("SELECT COUNT(*) FROM tracklets", many, seconds=20).rows == ((13,),)
