"""Products and searches are imported from files people have; a video's tags are explained."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from encoders.bundle import Encoders
from kinodex.cli.app import app
from kinodex.cli.render.tagging import explained as explained_tags
from kinodex.settings import Settings
from kinodex.usecases.tagging import hints
from stores.core.errors import UsageError
from stores.library_store import LibraryStore
from stores.tags.recall.clicks import Clicks
from tests.unit.agents.small_library import add_video as add_indexed
from tests.unit.stores.builders import add_video


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LibraryStore]:
    with LibraryStore.open(tmp_path / "library", create=True) as opened:
        yield opened


def test_products_come_as_csv_and_as_json(store: LibraryStore, tmp_path: Path) -> None:
    first, second = add_video(store, "1.mp4"), add_video(store, "2.mp4")
    table = tmp_path / "shop.csv"
    table.write_text("Video,product_id,title,category,Colour\n1.mp4,p1,Shoes,Sport > Shoes,red\nnone.mp4,p2,Hat,,\n")
    done = hints.import_products(store, table)
    assert (done.products, done.attached, done.total, done.unknown) == (2, 1, 2, ["none.mp4"])
    (shoes,) = store.products.of_videos([first])[first]
    assert (shoes.category, shoes.attributes) == (("Sport", "Shoes"), (("colour", "red"),))
    listed = tmp_path / "shop.json"
    listed.write_text(
        json.dumps([{"videos": ["1.mp4", second], "product_id": "p2", "title": "帽子", "category": ["衣服"]}])
    )
    assert hints.import_products(store, listed).attached == 2
    assert [one.title for one in store.products.of_videos([second])[second]] == ["帽子"]
    assert hints.forget_products(store).removed == 2


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("video,title\n1.mp4,\n", "row 1: there is neither"),
        ("video,title\n1.mp4,a,b\n", "row 1: it has more values"),
        ('[{"title": "a"}, 3]', "row 2: it is no object"),
        ("{broken", "neither JSON nor JSON lines"),
    ],
)
def test_a_wrong_file_is_told_by_row_and_changes_nothing(
    store: LibraryStore, tmp_path: Path, text: str, what: str
) -> None:
    add_video(store, "1.mp4")
    file = tmp_path / "shop"
    file.write_text(text)
    with pytest.raises(UsageError, match=what):
        hints.import_products(store, file)
    assert store.products.count() == 0


def test_searches_come_as_csv_and_as_json_lines(store: LibraryStore, tmp_path: Path) -> None:
    first = add_video(store, "1.mp4")
    table, lines = tmp_path / "clicks.csv", tmp_path / "clicks.jsonl"
    table.write_text("query,video,clicks\nred shoes,1.mp4,3\nhat,gone.mp4,1\n")
    done = hints.import_searches(store, table)
    assert (done.clicks, done.unknown) == (3, ["gone.mp4"])
    lines.write_text('{"query": "红鞋", "video": "1.mp4"}\n{"query": "Red shoes", "video": "1.mp4", "clicks": 2}\n')
    assert hints.import_searches(store, lines).clicks == 3
    assert store.clicks.of_videos([first]) == {first: [Clicks("Red shoes", 5), Clicks("红鞋", 1)]}
    table.write_text("query,video,clicks\nred shoes,1.mp4,many\n")
    with pytest.raises(UsageError, match="row 1: clicks is no whole number"):
        hints.import_searches(store, table)
    counted = hints.searches(store, Settings())
    assert (counted.imported, counted.logged, counted.logging) == (6, 0, True)
    assert not hints.searches(store, Settings.model_validate({"tagging": {"log_searches": False}})).logging
    hints.forget_searches(store)
    assert hints.searches(store, Settings()).imported == 0


def test_why_an_activity_is_told_is_shown_in_words() -> None:
    source = {"source": "activities", "worth": 0.81, "evidence": ["e"], "why": "guitar seen, music to be heard"}
    other = {"source": "speech", "worth": 0.5, "evidence": ["e"], "why": ""}
    tag = {"tag_id": "t", "name": "playing guitar", "confidence": 0.9, "outcome": "accepted", "why": ""}
    console = Console(width=200, record=True, file=io.StringIO())
    explained_tags(console, {"sources": [], "candidates": [tag | {"sources": [source, other]}]})
    assert "activities 0.81 (guitar seen, music to be heard), speech 0.50" in console.export_text()


def test_a_videos_tags_are_explained_and_new_ones_decided(tmp_path: Path) -> None:
    root = tmp_path / "library"
    with Encoders.open("embedded") as encoders, LibraryStore.open(root, create=True) as opened:
        add_indexed(opened, encoders, tmp_path / "pizza.mp4", "imagenet:963", ("We bake a pizza.",))
        (tmp_path / "tags.csv").write_text("id,name\nt1,pizza\nt2,interview\nt3,oven\n")
        opened.tags.import_csv(tmp_path / "tags.csv")
    run, where = CliRunner(), ["--library", str(root)]
    ended = run.invoke(app, ["tag", "--explain", "pizza.mp4", "--json", *where])
    assert ended.exit_code == 0, ended.output
    explained = json.loads(ended.stdout)
    best = explained["candidates"][0]
    assert (best["name"], best["outcome"], best["why"]) == ("pizza", "accepted", "")
    assert {"objects", "speech"} <= {word["source"] for word in best["sources"]}
    assert all(one["why"] for one in explained["candidates"] if one["outcome"] != "accepted")
    shown = run.invoke(app, ["tag", "--explain", "pizza.mp4", *where])
    assert "pizza" in shown.stdout
    assert "accepted" in shown.stdout
    with LibraryStore.open(root) as opened:
        assert opened.tags.decisions(explained["video_id"]) == [], "explaining stores nothing"
    assert run.invoke(app, ["tag", "--explain", "--all", *where]).exit_code == 2
    ended = run.invoke(app, ["tags", "decide", "pizza", "--json", *where])
    assert ended.exit_code == 0, ended.output
    assert json.loads(ended.stdout)["tags"] == [{"tag_id": "t1", "name": "pizza", "accepted": 1, "abstained": 0}]
    assert run.invoke(app, ["tags", "decide", "--undecided", *where]).exit_code == 0
