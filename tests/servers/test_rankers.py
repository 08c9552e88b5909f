"""What rankers learned is kept in a folder and on a database server; what is damaged is told, not believed."""

from __future__ import annotations

import logging

import pytest
from sqlalchemy import text

from stores.library_store import LibraryStore
from stores.tags.rankers import KEPT


def test_the_newest_counts_and_the_last_ones_stay(store: LibraryStore) -> None:
    assert (store.rankers.latest(), store.rankers.fingerprint()) == (None, "")
    for number in range(KEPT + 2):
        store.rankers.save(
            "neighbours", f"print{number}", number, {"rung": "neighbours", "f1": 0.5}, bytes([number]) * 9
        )
    kept = store.rankers.latest()
    assert kept is not None
    assert (kept.name, kept.fingerprint, kept.judgements) == ("neighbours", "print4", 4)
    assert (kept.report, kept.body) == ({"rung": "neighbours", "f1": 0.5}, b"\x04" * 9)
    assert store.rankers.fingerprint() == "print4"
    with store.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM rankers")).scalar() == KEPT


def test_damage_is_told(store: LibraryStore, caplog: pytest.LogCaptureFixture) -> None:
    store.rankers.save("logistic", "print", 400, {}, b"numbers")
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE rankers SET checksum = checksum + 1"))
    with caplog.at_level(logging.WARNING):
        kept = store.rankers.latest()
    assert kept is not None
    assert kept.body is None
    assert "kinodex tags train" in caplog.text
