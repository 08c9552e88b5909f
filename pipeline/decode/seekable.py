"""Whether decoding can begin in the middle of a file."""

from __future__ import annotations

from stores.core.records import Video

# Raw streams (libavformat's names) hold neither timestamps nor an index: each part would decode all that precedes it.
_UNINDEXED = frozenset({"h261", "h263", "h264", "hevc", "vvc", "obu", "m4v", "vc1", "cavsvideo", "mjpeg", "mpegvideo"})

SPLICED = "SPLICED"
"""The code of the warning for joined recordings."""


def is_seekable(video: Video) -> bool:
    """Whether decoding can begin in the middle of the video's file.

    It cannot in a raw stream, nor in joined recordings, whose clocks start again: all that precedes would be decoded.
    """
    spliced = any(warning.startswith(f"{SPLICED}: ") for warning in video.warnings)
    return video.container not in _UNINDEXED and not spliced
