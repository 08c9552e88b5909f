"""Places reach workers complete, and are shown without their secrets."""

from __future__ import annotations

import pytest

from stores.core.errors import UsageError
from stores.core.places import Places, masked
from workflows.telemetry.run_report import without_secrets

EVERYWHERE = Places(
    "postgresql://ann:hush@db:5433/kino?options=-csearch_path%3Dfilms&sslpassword=hush",
    "https://chroma.example:8443/films",
    "s3://bucket/films/",
    {"endpoint_url": "http://minio:9000", "key": "AKIA", "secret": "hush", "client_kwargs": {"x": "hush"}},
)


@pytest.mark.parametrize("password", ["Ab/9+x==", "a?b", "a#b", "a/b?c", "p@ss", "p@/s", "with space/x", "8000/x", ""])
def test_no_password_that_a_driver_accepts_is_ever_shown(password: str) -> None:
    url = f"postgresql://u:{password}@db/k?options=-csearch_path%3Dfilms"
    places = Places(url)
    for shown in (repr(places), str(places.named()), masked(url), str(without_secrets({"database": url}))):
        assert not password or password not in shown
        assert "db/k" in shown
    with pytest.raises(UsageError) as refused:
        Places(f"mysql://u:{password}@db/k")
    assert not password or password not in str(refused.value)


def test_a_password_does_not_make_it_another_library() -> None:
    plain = Places("postgresql://db/k").named()
    for password in ("x", "Ab/9+x==", "p@ss", "a?b", ""):
        assert Places(f"postgres://u:{password}@db/k").named() == plain
    assert Places("postgresql://u@db/k").named() == plain


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
        ("https://hub/v1?api_key=hush&v=2", "https://hub/v1?api_key=***&v=2"),
        ("https://hub/v1?v=2&Key=hush", "https://hub/v1?v=2&Key=***"),
        ("https://blobs/x?sv=1&sig=hush", "https://blobs/x?sv=1&sig=***"),
        ("at postgresql://u:Ab/9+x==@db/k, later", "at postgresql://u:***@db/k, later"),
        ("https://u:a/b@hub/x", "https://u:***@hub/x"),
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
