"""What was recognised and tagged in the language of the reader, named by ``Accept-Language``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from encoders.concepts import chinese_names, read_concepts
from kinodex.library import Library
from kinodex.views.library_view import LibraryView
from kinodex.views.wording import explained, language_of, recognised, shown_name, tag_names
from stores.core.principal import OWNER
from tests.unit.server.serving import Served

API = "/api/v1"
CHINESE = {"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"}
ENGLISH = {"Accept-Language": "en-GB"}


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", ""),
        ("*", ""),
        ("de, fr;q=0.5", ""),
        ("zh", "zh"),
        ("zh-TW,en;q=0.5", "zh"),
        ("en;q=0.5, zh-Hant;q=0.8", "zh"),
        ("de, en;q=0.3, zh;q=0.2", "en"),
        ("zh;q=0, en;q=0.1", "en"),
        ("zh;q=0", ""),
        ("zh;q=often", ""),
    ],
)
def test_the_first_known_language_counts(header: str, language: str):
    assert language_of(header) == language


def test_everything_that_the_models_name_has_a_chinese_name():
    names = chinese_names()
    assert {one.name for one in read_concepts()} == set(names)
    for name, chinese in names.items():
        assert any("\u4e00" <= letter <= "\u9fff" for letter in chinese), name


@pytest.mark.parametrize(
    ("text", "channel", "chinese"),
    [
        ("person", "object", "人"),
        ("goldfish", "picture", "金鱼"),
        ("silence", "sound", "无声"),
        ("woman", "face", "女人"),
        ("Anna", "face", "Anna"),
        ("speaker 2", "speaker", "说话人2"),
        ("Anna", "speaker", "Anna"),
        ("short video 短视频", "format", "短视频"),
        ("person", "speech", "person"),
        ("goldfish", "screen", "goldfish"),
        ("a person with a goldfish", "caption", "a person with a goldfish"),
        ("no name of ours", "picture", "no name of ours"),
    ],
)
def test_what_was_recognised_is_said_in_chinese_and_what_people_say_is_left(text: str, channel: str, chinese: str):
    assert recognised(text, channel, "zh") == chinese
    assert recognised(text, channel, "") == text
    assert recognised(text, channel, "en") == ("short video" if channel == "format" else text)


def test_several_names_that_explain_a_moment():
    assert explained("goldfish, tench", "picture", "zh") == "金鱼、丁鱥"
    assert explained("goldfish, tench", "picture", "en") == "goldfish, tench"
    assert explained("goldfish, he said", "speech", "zh") == "goldfish, he said"


@pytest.mark.parametrize(
    ("name", "aliases", "chinese", "english"),
    [
        ("coffee", ("espresso", "咖啡", "浓缩咖啡"), "咖啡", "coffee"),
        ("咖啡", ("コーヒーの木", "coffee"), "咖啡", "coffee"),
        ("coffee", (), "coffee", "coffee"),
        ("咖啡", (), "咖啡", "咖啡"),
        ("MV 音乐", ("music video",), "MV 音乐", "music video"),
        ("コーヒー豆の木", ("咖啡树",), "咖啡树", "コーヒー豆の木"),
    ],
)
def test_a_tag_goes_by_the_alias_in_the_script_of_the_reader(
    name: str, aliases: tuple[str, ...], chinese: str, english: str
):
    assert shown_name(name, aliases, "zh") == chinese
    assert shown_name(name, aliases, "en") == english
    assert shown_name(name, aliases, "") == name


@pytest.fixture
def tagged(tmp_path: Path) -> Iterator[Library]:
    with Library.open(tmp_path / "library") as opened:
        (tmp_path / "tags.csv").write_text("id,name,aliases\nt1,dog,hound;狗;犬\nt2,car,\n", encoding="utf-8")
        opened.import_tags(tmp_path / "tags.csv")
        yield opened


def test_names_of_tags_come_with_their_ids(tagged: Library):
    view = LibraryView(tagged, OWNER, language="zh")
    assert tag_names(view, ["t1", "t2", "gone"]) == {"t1": ("dog", "狗"), "t2": ("car", "car")}
    assert tag_names(LibraryView(tagged, OWNER), ["t1"]) == {"t1": ("dog", "dog")}


def names(found: Any) -> list[str]:
    return [one["name"] for one in found]


def test_a_timeline_and_boxes_are_named_in_the_language_that_is_asked_for(server: Served, library: Library):
    video = f"{API}/videos/{library.resolve('boats.mp4')}"
    plain = server.client.get(f"{video}/timeline")
    chinese = server.client.get(f"{video}/timeline", headers=CHINESE)
    assert names(plain.json()["tracklets"]) == ["person"]
    assert names(chinese.json()["tracklets"]) == ["人"]
    assert names(chinese.json()["sounds"]) == ["音乐", "无声"]
    assert names(server.client.get(f"{video}/tracklets", headers=CHINESE).json()["tracklets"]) == ["人"]
    assert "Accept-Language" in chinese.headers["vary"]
    assert plain.headers["etag"] != chinese.headers["etag"], "else a browser shows what it kept in another language"
    again = server.client.get(f"{video}/timeline", headers={**CHINESE, "If-None-Match": plain.headers["etag"]})
    assert again.status_code == 200


def test_hits_lines_and_evidence_are_said_in_chinese(server: Served, library: Library):
    asked = {"q": "boats on the water", "k": 5}
    hits = server.client.get(f"{API}/search", params=asked, headers=CHINESE).json()["results"]
    plain = server.client.get(f"{API}/search", params=asked).json()["results"]
    assert [one["moment"] for one in hits] == [one["moment"] for one in plain]
    video = f"{API}/videos/{library.resolve('boats.mp4')}"
    for kind in ("label", "speech", "screen"):
        there = server.client.get(f"{video}/lines", params={"kind": kind}).json()["lines"]
        said = server.client.get(f"{video}/lines", params={"kind": kind}, headers=CHINESE).json()["lines"]
        wanted = [chinese_names().get(one["text"], one["text"]) if kind == "label" else one["text"] for one in there]
        assert [one["text"] for one in said] == wanted
    (seen,) = server.client.get(f"{API}/evidence", params={"id": "trk_boats"}, headers=CHINESE).json()["evidence"]
    assert seen["text"].startswith("人")
    cards = server.client.get(f"{API}/videos", headers=CHINESE).json()["videos"]
    assert [tag["shown"] for card in cards for tag in card["tags"]], "a tag without another name keeps its own"
    assert server.client.get(f"{API}/tags", headers=ENGLISH).json()["tags"][0]["shown"] == "cooking"
