"""`kinodex tags report`: what it prints, its chart and its page, which obey no name."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kinodex.cli.app import app
from stores.core.records import Decision
from stores.library_store import LibraryStore
from tests.unit.stores.builders import add_video

HOSTILE = '<script>alert("1")</script> & [bold]'


@pytest.fixture
def library(tmp_path: Path) -> Path:
    (tmp_path / "tags.csv").write_text(
        'id,name,facet\nt1,"<script>alert(""1"")</script> & [bold]",<b>who\nt2,狗,who\nt3,never,how\n', encoding="utf-8"
    )
    with LibraryStore.open(tmp_path / "lib", create=True) as store:
        store.tags.import_csv(tmp_path / "tags.csv")
        for number in range(6):
            video = add_video(store, f"{number}.mp4")
            scores = (("speech", 0.7),)
            store.tags.save_decisions(
                video, [Decision(video, tag, "accepted", 0.7, ("speech",), (), scores) for tag in ("t1", "t2")]
            )
            verdict = "accepted" if number < 4 else "rejected"
            store.tags.save_decisions(video, [Decision(video, "t1", verdict, 1, (), ())], "person")  # type: ignore[arg-type]
    return tmp_path / "lib"


def run(library: Path, *more: str, code: int = 0) -> str:
    ended = CliRunner().invoke(app, ["tags", "report", "--library", str(library), *more])
    assert ended.exit_code == code, ended.output
    return ended.stdout


class Tags(HTMLParser):
    """The elements and the text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        assert not any(name.startswith("on") or name in ("src", "href") for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_it_says_how_many_judgements_and_what_they_are_worth(library: Path) -> None:
    said = run(library)
    assert "6 judgements by people on 6 videos" in said
    assert "66.7 % (" in said
    assert HOSTILE in said
    document = json.loads(run(library, "--json"))
    assert document["overall"]["precision"] == pytest.approx(4 / 6)
    assert document["sources"] == [
        {"source": "speech", "said": 6, "true": 4, "share": pytest.approx(2 / 3),
         "interval": [pytest.approx(0.3, abs=0.01), pytest.approx(0.9032, abs=0.01)], "earned": 4, "cost": 2}
    ]  # fmt: skip
    assert document["never_recalled"] == {"count": 1, "tags": [{"tag_id": "t3", "name": "never", "facet": "how"}]}


def test_chart_and_page_are_written_whole_and_obey_nothing(library: Path, tmp_path: Path) -> None:
    chart, page = tmp_path / "chart.svg", tmp_path / "page.html"
    files = ("--chart", str(chart), "--html", str(page))
    run(library, *files)
    drawn = ET.parse(chart).getroot()
    assert drawn.tag == "{http://www.w3.org/2000/svg}svg"
    assert "6 judged, 67 % true" in "".join(drawn.itertext())
    parsed = Tags()
    parsed.feed(page.read_text(encoding="utf-8"))
    assert "script" not in parsed.seen
    assert "b" not in {tag for tag in parsed.seen if f"<{tag}>who" in page.read_text(encoding="utf-8")}
    assert HOSTILE in parsed.text
    assert "狗" not in parsed.text, "nobody judged it"
    before = page.read_bytes()
    run(library, *files, code=1)
    assert page.read_bytes() == before
    run(library, *files, "--force")
    run(library, "--chart", str(tmp_path / "chart.png"), code=2)


def test_a_library_without_judgements_has_an_empty_chart(tmp_path: Path) -> None:
    with LibraryStore.open(tmp_path / "lib", create=True):
        pass
    run(tmp_path / "lib", "--chart", str(tmp_path / "chart.svg"), "--html", str(tmp_path / "page.html"))
    assert "nothing was judged yet" in (tmp_path / "chart.svg").read_text()
    assert "0 judgements" in (tmp_path / "page.html").read_text()
