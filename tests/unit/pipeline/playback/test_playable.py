"""Which files browsers play as they are."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.playback.facts import MediaFacts
from pipeline.playback.playable import playable

_PLAYS = MediaFacts("mp4", "h264", "aac", "yuv420p", "High", 0.0, True, True)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"audio_codec": ""},
        {"audio_codec": "mp3"},
        {"pixel_format": "yuvj420p"},
        {"video_codec": "av1"},
        {"container": "webm", "video_codec": "vp8", "audio_codec": "vorbis"},
        {"container": "webm", "video_codec": "vp9", "audio_codec": "opus"},
        {"container": "webm", "video_codec": "av1", "audio_codec": ""},
    ],
)
def test_as_they_are(changes: dict[str, str]) -> None:
    found = playable(replace(_PLAYS, **changes))
    assert (found.how, found.reason) == ("file", "")
    assert found.mime == ("video/webm" if changes.get("container") == "webm" else "video/mp4")


@pytest.mark.parametrize(
    ("changes", "how"),
    [
        ({"video_codec": "hevc"}, "encode"),
        ({"video_codec": "mpeg2video"}, "encode"),
        ({"video_codec": "prores", "pixel_format": "yuv422p10le"}, "encode"),
        ({"pixel_format": "yuv420p10le"}, "encode"),
        ({"pixel_format": "yuv444p"}, "encode"),
        ({"container": "avi"}, "encode"),
        ({"container": "asf", "video_codec": "wmv3"}, "encode"),
        ({"container": "matroska", "video_codec": "hevc"}, "encode"),
        ({"container": "mpegts"}, "encode"),
        ({"container": "matroska"}, "remux"),
        ({"container": "matroska", "audio_codec": "ac3"}, "remux"),
        ({"container": "flv"}, "remux"),
        ({"audio_codec": "pcm_s16le"}, "remux"),
        ({"audio_codec": "unknown"}, "remux"),
        ({"start": 2.0}, "remux"),
        ({"first": False}, "remux"),
        ({"container": "matroska", "timed": False}, "encode"),
    ],
)
def test_what_needs_a_copy_says_why(changes: dict[str, object], how: str) -> None:
    found = playable(replace(_PLAYS, **changes))  # type: ignore[arg-type]
    assert found.how == how
    assert found.reason.endswith(".")
