"""The child process in which foreign files are read for players: ``python -m pipeline.playback.child FD PARENT BYTES``.

As `pipeline.decode.child`, with other jobs.
"""

from __future__ import annotations

from typing import Any

from pipeline.decode.child import Jobs, decoding_jobs, serve
from pipeline.decode.protocol import Emit


def playing_jobs() -> Jobs:
    """What a `pipeline.playback.player.Player` asks for."""
    from pipeline.playback.cutting import CutJob
    from pipeline.playback.cutting import cut as cut_part
    from pipeline.playback.facts import read_facts
    from pipeline.playback.frame import FrameJob, read_frame
    from pipeline.playback.frame_times import TimesJob, read_frame_times
    from pipeline.playback.proxy import ProxyJob, make_proxy

    def facts(path: str, emit: Emit) -> None:
        emit("facts", read_facts(path).to_json(), None)

    def times(path: str, emit: Emit, **values: Any) -> None:
        emit("times", {}, read_frame_times(path, TimesJob(**values), emit))

    def frame(path: str, emit: Emit, **values: Any) -> None:
        tick, pixels = read_frame(path, FrameJob(**values), emit)
        emit("frame", {"tick": tick, "shape": list(pixels.shape)}, pixels)

    def proxy(path: str, emit: Emit, **values: Any) -> None:
        make_proxy(path, ProxyJob(**values), emit)

    def cut(path: str, emit: Emit, **values: Any) -> None:
        start, end = cut_part(path, CutJob(**values), emit)
        emit("cut", {"start": start, "end": end}, None)

    return {**decoding_jobs(), "cut": cut, "facts": facts, "times": times, "frame": frame, "proxy": proxy}


if __name__ == "__main__":
    serve(playing_jobs)
