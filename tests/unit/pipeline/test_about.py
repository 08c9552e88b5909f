"""What is known about a video from outside: files beside it and tags in it, as bounded data."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from pipeline.decode.decoder import Decoder
from pipeline.describe.about import LONGEST, About, about_beside, about_in


def test_a_text_beside_the_video_is_its_description(tmp_path: Path) -> None:
    (tmp_path / "talk.txt").write_text("\ufeffA talk\nabout  bees.\x1b[31m", encoding="utf-8")
    (tmp_path / "other.txt").write_text("Of another video.")
    assert about_beside(tmp_path / "talk.mp4") == About(description="A talk about bees. [31m")
    assert about_beside(tmp_path / "third.mp4") == About()
    assert about_beside(tmp_path / "third.mp4").text == ""


def test_what_a_downloader_wrote_comes_before_what_others_did(tmp_path: Path) -> None:
    known = {"title": "Bees", "upload_date": "20240131", "cast": ["Mina Sato", 3, None], "formats": [{"x": 1}]}
    (tmp_path / "talk.info.json").write_text(json.dumps(known))
    (tmp_path / "talk.txt").write_text("About bees.")
    about = about_beside(tmp_path / "talk.mkv")
    assert about == About("Bees", "2024-01-31", "Mina Sato, 3", "About bees.")
    assert about.text.splitlines()[0] == "- title: 'Bees'"


def test_what_kodi_wrote_is_read_with_an_address_after_it(tmp_path: Path) -> None:
    (tmp_path / "film.nfo").write_text(
        "<?xml version='1.0'?><movie><title>Bees &amp; co</title><plot>A farm.</plot><year>1999</year>"
        "<actor><name>Mina Sato</name></actor></movie>\nhttps://example.org/film",
    )
    assert about_beside(tmp_path / "film.mp4") == About("Bees & co", "1999", "Mina Sato", "A farm.")


BROKEN = {
    "talk.json": ["no json", "[1, 2]", "[" * 100_000, '{"title": {"a": 1}, "cast": 5, "timestamp": true}'],
    "talk.nfo": [
        "plain art",
        "<movie><title>x</movie>",
        '<!DOCTYPE x [<!ENTITY a "b">]><movie><title>&a;</title></movie>',
    ],
}


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, some in BROKEN.items() for text in some])
def test_a_file_of_no_use_is_passed_over(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    (tmp_path / "talk.txt").write_text("About bees.")
    found = about_beside(tmp_path / "talk.mp4")
    assert (found.title, found.description) == ("", "About bees.")


def test_all_of_it_is_bounded_and_in_one_line_each(tmp_path: Path) -> None:
    (tmp_path / "talk.json").write_text(
        json.dumps({"title": "t\n" * 9999, "description": "d" * 10**6, "cast": ["n" * 99] * 99})
    )
    about = about_beside(tmp_path / "talk.mp4")
    assert (len(about.title), len(about.description)) <= (LONGEST["title"], LONGEST["description"])
    assert len(about.text.splitlines()) == 3
    (tmp_path / "talk.json").write_bytes(b" " * (5 << 20) + b'{"title": "too large a file"}')
    assert about_beside(tmp_path / "talk.mp4") == About()


def test_the_tags_of_a_container_are_read_in_the_child(tmp_path: Path) -> None:
    path = tmp_path / "tagged.mp4"
    with av.open(str(path), "w") as container:
        container.metadata.update({"title": "Bees", "comment": "On a farm.", "date": "2024"})
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.time_base = Fraction(1, 25)
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")))
        container.mux(stream.encode())
    with Decoder() as decoder:
        tags = decoder.tags(path)
        assert about_in(tags) == About("Bees", "2024", "", "On a farm.")
        assert decoder.probe(path).width == 64
    assert about_in({"ENCODER": "x", "creation_time": "2020-02-02T10:00:00Z"}) == About(date="2020-02-02")
    assert About(title="mine").or_else(about_in(tags)) == About("mine", "2024", "", "On a farm.")
