"""Places travel to workers whole, and are shown to people without their secrets."""

from __future__ import annotations

import pytest

from stores.core.errors import UsageError
from stores.core.places import Places, masked

EVERYWHERE = Places(
    "postgresql://ann:hush@db:5433/kino?options=-csearch_path%3Dfilms&sslpassword=hush",
    "https://chroma.example:8443/films",
    "s3://bucket/films/",
    {"endpoint_url": "http://minio:9000", "key": "AKIA", "secret": "hush", "client_kwargs": {"x": "hush"}},
)


def test_they_travel_whole() -> None:
    assert Places.from_json(EVERYWHERE.to_json()) == EVERYWHERE
    assert Places.from_json(Places().to_json()) == Places()


def test_they_are_printed_without_secrets() -> None:
    for shown in (repr(EVERYWHERE), str(EVERYWHERE), str(EVERYWHERE.named())):
        assert "hush" not in shown
        assert "AKIA" not in shown
    assert "http://minio:9000" in repr(EVERYWHERE)
    assert repr(Places()) == "Places()"


def test_what_is_written_down_is_the_same_for_every_user_and_spelling() -> None:
    other = Places("postgresql+psycopg://bob:secret@db:5433/kino?options=-csearch_path%3Dfilms&sslpassword=x")
    assert other.named()["database"] == EVERYWHERE.named()["database"]
    assert EVERYWHERE.named()["blobs"] == "s3://bucket/films"
    assert Places("postgres://db/a").named() != Places("postgres://db/b").named()
    assert Places().named() == {"database": "", "vectors": "", "blobs": ""}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://ann:hush@db/x", "postgresql://ann:***@db/x"),
        ("at http://ann:hu@sh@db:8000/x and more", "at http://ann:***@db:8000/x and more"),
        ("host=db password=hush user=ann", "host=db password=*** user=ann"),
        ("http://db:8000/a@b", "http://db:8000/a@b"),
        ("s3://bucket/x", "s3://bucket/x"),
    ],
)
def test_passwords_are_masked(text: str, shown: str) -> None:
    assert masked(text) == shown


@pytest.mark.parametrize(
    "wrong",
    [
        {"database": "mysql://u:hush@db/x"},
        {"database": "sqlite:///x"},
        {"vectors": "chroma:8000"},
        {"vectors": "ftp://chroma"},
        {"vectors": "http://"},
        {"vectors": "http://chroma:port"},
        {"blobs": "/var/blobs"},
        {"blobs": "file:///var/blobs"},
        {"blobs": "s3://"},
    ],
)
def test_other_urls_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="SETTINGS_INVALID") as caught:
        Places(**wrong)
    assert "hush" not in str(caught.value)
