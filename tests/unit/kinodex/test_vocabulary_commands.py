"""`kinodex tags`: what a person types, and what a script reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from encoders.bundle import Encoders
from kinodex.cli.app import app
from stores.library_store import LibraryStore
from stores.tags.vocabulary.proposals import FoundProposal
from tests.unit.agents.small_library import add_video as add_indexed
from tests.unit.stores.builders import add_video


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    with LibraryStore.open(tmp_path / "kinodex-library", create=True) as store:
        lines = tuple((add_video(store, name), f"utt_{name}", "all about whisky") for name in ("one", "two", "three"))
        store.proposals.put([FoundProposal("whisky", "speech", "en", 1.0, lines)])
    return tmp_path


def run(*words: str, status: int = 0) -> str:
    result = CliRunner().invoke(app, ["tags", *words])
    assert result.exit_code == status, result.output
    return result.output


def said(*words: str) -> Any:
    result = CliRunner().invoke(app, ["tags", *words, "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)  # progress goes to stderr


def test_a_vocabulary_from_a_file_to_its_history(library: Path) -> None:
    (library / "words.txt").write_bytes("狗\n猫\n".encode("gb18030"))
    assert "read as GB18030; one name a line" in run("import", "words.txt", "--dry-run")
    assert said("list")["tags"] == []
    assert said("import", "words.txt")["added"] == 2
    dog = said("edit", "狗", "--alias", "dog", "--facet", "what")["tags"][0]
    said("add", "animal", "--id", "animal")
    said("edit", "dog", "--parent", "animal")
    assert said("show", "DOG")["parents"] == [{"tag_id": "animal", "name": "animal"}]
    assert "circle" in run("edit", "animal", "--parent", "dog", status=2)
    done = said("merge", "猫", "--into", "dog")
    assert done["tags"][0]["aliases"] == ["dog", "猫"]
    assert "undo: kinodex tags undo" in run("retire", "dog")
    said("restore", "dog")
    parts = said("split", "dog", "--into", "puppy=小狗；pup", "--into", "hound")["tags"][1:]
    assert [(one["name"], one["aliases"], one["parent"]) for one in parts] == [
        ("puppy", ["小狗", "pup"], dog["tag_id"]),
        ("hound", [], dog["tag_id"]),
    ]
    actions = [one["action"] for one in said("history", "dog")["changes"]]
    assert actions == ["restore", "retire", "merge", "edit", "edit", "import"]
    assert "merge: aliases" in run("history", "dog")
    assert "was changed since" in run("undo", said("history", "dog")["changes"][-1]["undo"], status=1)
    run("export", "tags.ttl")
    assert said("import", "tags.ttl")["unchanged"] == 4
    assert "no tag" in run("show", "unicorn", status=1)


def test_doubles_and_proposals_are_decided_by_people(library: Path) -> None:
    said("add", "Scotch", "--id", "scotch", "--alias", "dram")
    said("add", "Dram", "--id", "dram")
    (double,) = said("find-duplicates", "--names")["duplicates"]
    assert (double["first"]["tag_id"], double["second"]["tag_id"], double["shared"]) == ("scotch", "dram", "dram") or (
        double["first"]["tag_id"],
        double["second"]["tag_id"],
    ) == ("dram", "scotch")
    (proposal,) = said("proposals", "list")["proposals"]
    assert (proposal["name"], proposal["support"], proposal["kind"]) == ("whisky", 3, "tag")
    assert "all about whisky" in run("proposals", "list")
    accepted = said("proposals", "accept", proposal["proposal_id"], "--alias-of", "scotch")
    assert accepted["tags"][0]["aliases"] == ["dram", "whisky"]
    assert "already" in run("proposals", "reject", proposal["proposal_id"], status=1)
    assert said("proposals", "list")["proposals"] == []
    said("undo", accepted["undo"])
    assert said("proposals", "reopen", proposal["proposal_id"])["proposals"][0]["status"] == "open"
    assert [one["name"] for one in said("proposals", "list")["proposals"]] == ["whisky"]


def test_new_tags_are_decided_at_once_where_they_are_few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with Encoders.open("embedded") as encoders, LibraryStore.open(tmp_path / "kinodex-library", create=True) as store:
        add_indexed(store, encoders, tmp_path / "pizza.mp4", "imagenet:963", ("We bake a pizza.",))
    assert "decided" not in said("add", "pizza", "--later")
    assert "pizza: accepted for 1 video" in run("edit", "pizza", "--alias", "pizzas")
    (tmp_path / "words.txt").write_text("oven\npie\n")
    assert {one["name"] for one in said("import", "words.txt")["decided"]["tags"]} == {"oven", "pie"}
    (tmp_path / "many.txt").write_text("\n".join(f"word {number}" for number in range(21)))
    assert "kinodex tags decide --undecided" in run("import", "many.txt")
    assert said("merge", "pie", "--into", "pizza")["decided"]["tags"][0]["accepted"] == 1
