"""Exports parse with the libraries that read them, say the same again, and nothing in them is obeyed."""

from __future__ import annotations

import csv
import io
import json
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import opentimelineio as otio
import pyarrow.parquet
import pysubs2
import pytest

from kinodex.exports import chapters, subtitles, timelines
from kinodex.exports.formats import FORMATS, Wishes, format_of
from kinodex.exports.places import safe_name, write_whole
from kinodex.exports.tables import TABLES
from kinodex.exports.wording import cell, one_line, retagged, uncell
from stores.core.errors import UsageError
from tests.unit.exports.films import BASE, CHINESE, HOSTILE, film

SEARCH = Wishes(title="drums", query="drums")
TIMELINES = ("otio", "edl", "fcpxml", "fcp7")


@pytest.mark.parametrize("name", list(FORMATS))
def test_every_format_is_utf8_without_control_characters(name: str) -> None:
    made = format_of(name).write([film(), film("b.mp4")], SEARCH)
    if FORMATS[name].text:
        text = made.decode("utf-8")
        assert not [char for char in text if ord(char) < 32 and char not in "\n\r\t"]
        assert "\u202e" not in text
    else:
        assert made.startswith(b"PAR1")


@pytest.mark.parametrize("name", ["srt", "vtt"])
def test_subtitles_are_read_by_pysubs2_with_all_cues_and_times(name: str) -> None:
    one = film()
    read = pysubs2.SSAFile.from_string(format_of(name).write([one], Wishes()).decode(), format_=name)
    assert [event.start for event in read] == [1001, 4004, 8508, 12012]
    assert read[2].plaintext.splitlines()[0] == CHINESE


def test_hostile_text_opens_no_cue_and_is_no_markup() -> None:
    one = film()
    body = subtitles.vtt(one.of_kind("speech"))
    assert body.count("-->") == 4
    assert "<img" not in body
    spoken = subtitles.srt(one.of_kind("speech"))
    assert len(pysubs2.SSAFile.from_string(spoken, format_="srt")) == 4
    assert "<img" not in spoken
    assert "{\\" not in spoken
    hostile = spoken.split("\n\n")[1].split("\n", 2)[2]
    assert retagged(hostile) == one_line(HOSTILE)


def test_an_empty_cue_lasts_a_millisecond() -> None:
    one = film()
    line = one.lines[0]
    short = type(line)("utt", "speech", type(line.span)(5, 5, BASE), "x", 1.0)
    start, end = subtitles.between(short.span).split(" --> ")
    assert start < end


def test_chapters_have_at_least_ten_seconds_and_cover_the_whole() -> None:
    one = film()
    made = chapters.chapters_of(one)
    assert (made[0].span.start, made[-1].span.end) == (0, round(60 / BASE))
    assert all(part.span.duration >= 10 for part in made)
    assert len(pysubs2.SSAFile.from_string(chapters.webvtt(made), format_="vtt")) == len(made)
    told = chapters.ffmetadata("a=b;\n#", made)
    assert told.startswith(";FFMETADATA1\ntitle=a\\=b\\; \\#\n")
    assert f"TIMEBASE=1001/30000\nSTART=0\nEND={made[0].span.end}\n" in told


def _timeline(
    name: str, wishes: Wishes = SEARCH, base: Fraction = BASE, rate: Fraction = Fraction(30000, 1001)
) -> otio.schema.Timeline:
    videos = [film(base=base, rate=rate), film("b.mp4", base, rate)]
    text = format_of(name).write(videos, wishes).decode()
    adapter = {"otio": "otio_json", "edl": "cmx_3600", "fcpxml": "fcpx_xml", "fcp7": "fcp_xml"}[name]
    more = {"rate": 30000 / 1001} if name == "edl" else {}
    read = otio.adapters.read_from_string(text, adapter, **more)
    if isinstance(read, otio.schema.SerializableCollection):
        read = next(one for one in read if isinstance(one, otio.schema.Timeline))
    return read


@pytest.mark.parametrize("name", TIMELINES)
def test_a_timeline_is_read_again_with_its_clips_in_order_and_exact_frames(name: str) -> None:
    # The reader of FCPXML takes 29.97 frames per second for 29.
    rate, base = (Fraction(25), Fraction(1, 25)) if name == "fcpxml" else (Fraction(30000, 1001), BASE)
    clips = list(_timeline(name, base=base, rate=rate).find_clips())
    assert [clip.name for clip in clips] == ["1 打鼓 a&b.mp4", "1 b.mp4", "2 打鼓 a&b.mp4", "2 b.mp4"]
    first = clips[2].source_range
    assert (round(first.start_time.to_frames()), round(first.duration.to_frames())) == (
        round(30.03 * rate),
        round(5.005 * rate),
    )


@pytest.mark.parametrize("name", ["otio", "fcp7", "fcpxml"])
def test_chinese_marks_survive(name: str) -> None:
    marks = [mark.name for clip in _timeline(name).find_clips() for mark in clip.markers]
    assert CHINESE in marks
    assert "<b>drums</b>" in marks


def test_tags_become_marks_of_whole_videos_and_parts_when_one_is_asked_for() -> None:
    (clip, _) = _timeline("otio", Wishes()).find_clips()
    assert [mark.name for mark in clip.markers] == ["=鼓", "=鼓"]
    assert clip.source_range.duration.value == round(Fraction(60) / BASE)
    assert clip.markers[0].metadata["kinodex"]["time_base"] == "1001/30000"
    parts = list(_timeline("otio", Wishes(tag_ids=("t1",))).find_clips())
    assert len(parts) == 4


def test_an_otio_timeline_keeps_the_rate_of_each_video() -> None:
    odd = film("odd.mp4", Fraction(1, 90000), Fraction(14985, 1000))
    read = otio.adapters.read_from_string(timelines.otio("x", timelines.moments([odd])), "otio_json")
    clip = next(iter(read.find_clips()))
    assert clip.source_range.start_time.rate == pytest.approx(14.985)
    assert clip.metadata["kinodex"]["start_tick"] == 900000


def test_an_edl_refuses_more_events_than_it_can_number() -> None:
    cuts = timelines.moments([film()]) * 500
    with pytest.raises(UsageError, match="at most 999"):
        timelines.edl("x", cuts)


def test_fcpxml_counts_in_the_frames_of_the_sequence() -> None:
    root = ElementTree.fromstring(format_of("fcpxml").write([film()], SEARCH))
    assert root.find("resources/format").get("frameDuration") == "1001/30000s"  # type: ignore[union-attr]
    assert root.find(".//clip").get("start") == "1001/100s"  # type: ignore[union-attr]


def test_cells_are_no_formulas_and_come_back() -> None:
    for text in ("=1+1", "+1", "-1", "@x", "'=1", "''=1", "plain", "'plain", "＝1"):
        assert not cell(text).startswith(("=", "+", "-", "@", "＝"))
        assert uncell(cell(text)) == text
    rows = list(csv.DictReader(io.StringIO(format_of("lines.csv").write([film()], Wishes()).decode())))
    assert [uncell(row["text"]) for row in rows] == [one_line(line.text) for line in film().lines]
    assert not any(value.startswith(("=", "+", "-", "@")) for row in rows for value in row.values())


def test_a_byte_order_mark_is_written_on_request() -> None:
    assert format_of("lines.csv").write([film()], Wishes(bom=True)).startswith(b"\xef\xbb\xbfvideo_id,")
    assert format_of("lines.csv").write([film()], Wishes()).startswith(b"video_id,")


@pytest.mark.parametrize("table", list(TABLES))
def test_all_kinds_of_a_table_say_the_same(table: str) -> None:
    videos = [film(), film("b.mp4")]
    told = [json.loads(line) for line in format_of(f"{table}.jsonl").write(videos, SEARCH).splitlines()]
    read = pyarrow.parquet.read_table(io.BytesIO(format_of(f"{table}.parquet").write(videos, SEARCH))).to_pylist()
    assert told == read
    assert told
    listed = list(csv.DictReader(io.StringIO(format_of(f"{table}.csv").write(videos, SEARCH).decode())))
    assert [list(row) for row in listed] == [list(row) for row in told]


def test_an_empty_table_has_its_columns() -> None:
    read = pyarrow.parquet.read_table(io.BytesIO(format_of("lines.parquet").write([], Wishes())))
    assert read.column_names == list(TABLES["lines"].columns)


def test_annotations_point_at_times_and_boxes() -> None:
    page = json.loads(format_of("annotations").write([film()], Wishes()))
    assert page["@context"] == "http://www.w3.org/ns/anno.jsonld"
    targets = [one["target"]["selector"]["value"] for one in page["items"] if isinstance(one["target"], dict)]
    assert "t=1.001,3.003" in targets
    assert any(value.endswith("&xywh=percent:10.000,20.000,40.000,20.000") for value in targets)
    assert any(value.endswith("&xywh=percent:10.000,10.000,40.000,30.000") for value in targets)
    (tag,) = [one for one in page["items"] if one["motivation"] == "tagging"]
    assert tag["body"]["value"] == "=鼓"
    assert len(tag["target"]) == 2


def test_an_nfo_is_xml_with_plot_and_tags() -> None:
    root = ElementTree.fromstring(format_of("nfo").write([film()], Wishes()))
    assert root.findtext("title") == "打鼓 a&b"
    assert root.findtext("plot") == "A man plays.\n\nHe stops & <i>bows</i>."
    assert [tag.text for tag in root.findall("tag")] == ["=鼓"]


def test_names_of_files_are_safe_everywhere() -> None:
    assert safe_name("../../etc/passwd") == "_.._etc_passwd"
    assert safe_name("a:b?c\x00\n|d") == "a_b_c _d"
    assert safe_name("con") == "_con"
    assert safe_name("...") == "_"
    assert len(safe_name("打" * 300).encode()) <= 200


def test_a_file_is_written_whole_and_never_overwritten_unasked(tmp_path: Path) -> None:
    path = tmp_path / "a.srt"
    write_whole(path, b"one")
    with pytest.raises(UsageError, match="exists"):
        write_whole(path, b"two")
    assert path.read_bytes() == b"one"
    write_whole(path, b"two", force=True)
    assert path.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [path]
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="exists"):
        write_whole(link, b"x")
    with pytest.raises(UsageError, match="folder"):
        write_whole(tmp_path, b"x", force=True)
    with pytest.raises(UsageError, match="cannot be written"):
        write_whole(tmp_path / "no" / "a", b"x")


def test_an_unknown_format_names_those_there_are() -> None:
    with pytest.raises(UsageError) as caught:
        format_of("docx")
    assert "srt" in caught.value.hint
