"""`kinodex users`, `keys` and `collections`: what a person types, and what a script reads."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from kinodex.cli.app import app
from stores.library_store import LibraryStore
from tests.unit.stores.builders import add_video

PASSWORD = "correct horse battery"


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    with LibraryStore.open(tmp_path / "kinodex-library", create=True) as store:
        for name in ("one.mp4", "two.mp4", "three.mp4"):
            add_video(store, name)
    return tmp_path


def run(*words: str, given: str | None = None, status: int = 0) -> str:
    result = CliRunner().invoke(app, words, input=given)
    assert result.exit_code == status, result.output
    assert PASSWORD not in result.output
    return result.output


def said(*words: str, given: str | None = None) -> Any:
    return json.loads(run(*words, "--json", given=given))


def test_the_first_user_makes_the_library_of_a_new_volume_and_of_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    adding = ("users", "add", "ada", "--password-stdin", "--library")
    for name in ("volume", "films"):
        (tmp_path / name).mkdir()
    (tmp_path / "volume" / "lost+found").mkdir()
    (tmp_path / "films" / "one.mp4").write_bytes(b"")
    for name in ("missing", "films"):
        assert "LIBRARY_MISSING" in run(*adding, name, given=PASSWORD, status=1)
    assert not (tmp_path / "missing").exists()
    run(*adding, "volume", given=PASSWORD)
    with LibraryStore.open(tmp_path / "volume") as store:
        assert store.access.is_on()
    (tmp_path / "other").mkdir()
    assert "0 ended" in run("jobs", "work", "--once", "--library", "other")


def test_users_are_added_listed_changed_and_removed(library: Path) -> None:
    assert "access control is off" in run("users", "list")
    assert "everybody has to log in" in run("users", "add", "ada", "--password-stdin", given=f"{PASSWORD}\n")
    bob = said("users", "add", "bob", "--may", "chat", "--password-stdin", given=PASSWORD)
    assert (bob["scopes"], bob["everything"]) == (["read", "chat"], False)
    assert [one["name"] for one in said("users", "list")["users"]] == ["ada", "bob"]
    assert said("users", "change", "bob", "--everything")["everything"]
    run("users", "passwd", "bob", "--password-stdin", given="another one entirely")
    assert "CONFLICT" in run("users", "add", "BOB", "--password-stdin", given=PASSWORD, status=1)
    assert "CONFLICT" in run("users", "remove", "ada", status=1)
    assert "is removed" in run("users", "remove", "bob")
    assert "access control is off" in run("users", "remove", "ada").lower()


def test_a_password_is_never_an_argument_and_never_empty(library: Path) -> None:
    assert "--password-stdin" in run("users", "add", "ada", status=2)
    assert "no password" in run("users", "add", "ada", "--password-stdin", given="\n", status=2)
    assert "USAGE" in run("users", "add", "ada", "--password-stdin", given="short\n", status=2)
    assert "no scope" in run("users", "add", "ada", "--may", "everything", "--password-stdin", given=PASSWORD, status=2)


def test_a_person_types_a_password_twice_unseen(library: Path) -> None:
    main, other = pty.openpty()
    command = [sys.executable, "-m", "kinodex", "users", "add", "ada"]
    process = subprocess.Popen(command, stdin=other, stdout=other, stderr=other, close_fds=True, start_new_session=True)
    os.close(other)
    shown = b""
    for prompt in (b"Password:", b"Once more:"):
        while prompt not in shown:
            shown += os.read(main, 1024)
        os.write(main, f"{PASSWORD}\n".encode())
    while True:
        try:
            more = os.read(main, 1024)
        except OSError:
            break
        if not more:
            break
        shown += more
    assert process.wait(60) == 0, shown
    os.close(main)
    assert PASSWORD.encode() not in shown
    assert [one["name"] for one in said("users", "list")["users"]] == ["ada"]


def test_the_secret_of_a_key_is_shown_once(library: Path) -> None:
    run("users", "add", "ada", "--password-stdin", given=PASSWORD)
    made = said("keys", "add", "nightly export", "--user", "ada", "--days", "2", "--may", "chat")
    assert made["secret"].startswith("kx_")
    assert made["key"]["scopes"] == ["read", "chat"]
    listed = run("keys", "list", "--json")
    assert made["secret"] not in listed
    assert json.loads(listed)["keys"][0]["name"] == "nightly export"
    assert "never" in run("keys", "list")
    assert "is removed" in run("keys", "remove", made["key"]["key_id"])
    assert said("keys", "list")["keys"] == []
    assert "NOT_FOUND" in run("keys", "remove", made["key"]["key_id"], status=1)
    assert "There is no user" in run("keys", "add", "x", "--user", "nobody", status=1)


def test_collections_are_made_filled_and_shown_to_users(library: Path) -> None:
    run("users", "add", "ada", "--password-stdin", given=PASSWORD)
    run("users", "add", "bob", "--password-stdin", given=PASSWORD)
    made = said("collections", "add", "Interviews", "one.mp4", "--description", "What they said")
    assert (made["videos"], made["description"]) == (1, "What they said")
    assert said("collections", "put", "Interviews", "one.mp4", "two.mp4") == {"changed": 1}
    assert "1 of 1 video taken out" in run("collections", "take", "interviews", "one.mp4")
    assert said("collections", "grant", "Interviews", "bob", "--as", "editor")["members"][0]["role"] == "editor"
    shown = said("collections", "show", "Interviews")
    assert [one["name"] for one in shown["videos"]["videos"]] == ["two.mp4"]
    assert "two.mp4" in run("collections", "show", "Interviews")
    assert said("collections", "rename", "Interviews", "Talks")["name"] == "Talks"
    assert said("collections", "revoke", "Talks", "bob") == {"members": []}
    assert "no member" in run("collections", "revoke", "Talks", "bob", status=1)
    assert said("collections", "list")["collections"][0]["videos"] == 1
    assert "stay in the library" in run("collections", "remove", "Talks")
    assert "There are no collections" in run("collections", "list")
    assert "UNKNOWN_VIDEO" in run("collections", "add", "Other", "nothing.mp4", status=1)
    assert said("collections", "list")["collections"] == [], "nothing is made by a command that fails"


def test_what_is_no_text_is_told_and_no_bug(library: Path) -> None:
    run("users", "add", "ada", "--password-stdin", given=PASSWORD)
    odd = "\udcff\udcfe"
    for words in (
        ("users", "remove", odd),
        ("users", "change", odd),
        ("keys", "add", odd, "--user", "ada"),
        ("keys", "add", "key", "--user", odd),
        ("collections", "add", odd),
        ("collections", "show", odd),
        ("collections", "put", odd, "one.mp4"),
        ("jobs", "show", odd),
        ("export", "tags.csv", "--tag", odd),
        ("threads", "show", odd),
    ):
        told = CliRunner().invoke(app, words)
        assert told.exit_code in (1, 2), words
        assert "INTERNAL" not in told.output, words
        assert "error " in told.output, words


def test_a_password_is_text(library: Path) -> None:
    for given in (b"\xff" * 12 + b"\n", b"long enough \xed\xa0\x80\n"):
        command = [sys.executable, "-m", "kinodex", "users", "add", "ada", "--password-stdin"]
        done = subprocess.run(command, input=given, capture_output=True, check=False)
        assert done.returncode == 2
        assert b"USAGE" in done.stderr
        assert b"UTF-8" in done.stderr
