"""Decoding that cannot crash Kinodex: it happens in a child process with limits, restarted when it dies."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from pipeline.decode.child import MEMORY_EXIT
from pipeline.decode.frames import Frames, Sampling, Sound
from pipeline.decode.header import Header
from pipeline.decode.protocol import Message, Wire
from stores.core.errors import MediaError
from stores.core.records import Span, Video

_ROOT = Path(__file__).resolve().parent.parent.parent
# How far back the end of a part's sound may be moved; in short parts, as in tests, at most half their length.
_SEARCH_SECONDS = 10.0
# Environment variables that the child inherits: paths of programs and libraries, text encoding, temporary folder,
# allocator and coverage settings. It parses hostile files, so no key, password or address may reach it.
_PASSED_ON = frozenset(
    """
    PATH HOME LANG LANGUAGE TZ TMPDIR TMP TEMP LD_LIBRARY_PATH DYLD_LIBRARY_PATH SYSTEMROOT
    PYTHONPATH PYTHONHOME PYTHONWARNINGS PYTHONHASHSEED PYTHONUTF8 PYTHONIOENCODING PYTHONMALLOC
    PYTHONDONTWRITEBYTECODE PYTHONPYCACHEPREFIX PYTHONFAULTHANDLER PYTHONNOUSERSITE PYTHONUSERBASE VIRTUAL_ENV
    MALLOC_ARENA_MAX COVERAGE_PROCESS_START
    """.split()
)
_START_SECONDS = 60.0  # a loaded machine may take long to load shared libraries; it is usually 0.4 s


@dataclass(frozen=True, slots=True)
class DecoderLimits:
    """What decoding may cost. All values are ours: several times what the slowest healthy file needs.

    Attributes:
        seconds_per_media_second: seconds of waiting for the decoder, per second of video.
        minimum_seconds: allowed for any video, however short.
        stall_seconds: longest time without a message from the child, which reports every second while it decodes.
        address_space_bytes: limit of the child's address space (RLIMIT_AS).
        unit_seconds: longest stretch of sound in one message.
        restart_after: jobs after which the child is replaced, against leaks in codecs; not sooner, because a new one
            takes half a second of processor time to start.
    """

    seconds_per_media_second: float = 4.0
    minimum_seconds: float = 60.0
    stall_seconds: float = 30.0
    address_space_bytes: int = 4 << 30
    unit_seconds: float = 600.0
    restart_after: int = 256


class Decoder:
    """Decodes files in one reusable child process. For one thread only; must be closed.

    All methods raise `MediaError`: FILE_MISSING, FILE_EMPTY, FILE_UNREADABLE, NOT_MEDIA, TRUNCATED, ENCRYPTED,
    NO_VIDEO_STREAM, UNSUPPORTED_CODEC, ABSURD_DIMENSIONS, NO_FRAMES, DECODE_FAILED for what is wrong with the file;
    DECODE_CRASHED, DECODE_TIMEOUT and DECODE_MEMORY if the file brought the child down; the next call starts a new one.
    """

    _module = "pipeline.decode.child"  # what the child runs

    def __init__(self, limits: DecoderLimits | None = None) -> None:
        self.limits = limits or DecoderLimits()
        self._child: _Child | None = None

    def probe(self, path: Path) -> Header:
        """The header of the file; one frame is decoded as a check."""
        (message,) = self._messages("probe", path, 0.0, {})
        return Header.from_json(message.values)

    def tags(self, path: Path) -> Mapping[str, str]:
        """The tags of the container, such as ``title``: what somebody wrote, bounded."""
        (message,) = self._messages("tags", path, 0.0, {})
        return dict(message.values)

    def frames(
        self, path: Path, video: Video, samplings: Sequence[Sampling], span: Span | None = None
    ) -> Iterator[Frames]:
        """Decode the video once, and yield batches of the frames that each sampling wants, in the order decoded.

        Stopping early is allowed and ends the child.

        Args:
            span: the part of the video whose frames are wanted: those frames of a pass over the whole that lie in it,
                or in a sampling's margin around it.
        """
        job = {
            "duration": video.duration,
            "rotation": video.rotation,
            "samplings": [asdict(sampling) for sampling in samplings],
            "span": [span.start, span.end] if span else None,
            "seconds": video.seconds,
        }
        for message in self._messages("frames", path, span.duration if span else video.seconds, job):
            values = message.values
            ticks = np.asarray(values["ticks"], np.int64)
            pixels = message.payload.reshape(values["shape"])
            yield Frames(values["name"], pixels, ticks, video.time_base, values["warning"], values["end"])

    def sound(self, path: Path, video: Video, span: Span | None = None, track: str = "") -> Iterator[Sound]:
        """Decode the sound in consecutive units of at most ``limits.unit_seconds``.

        Args:
            span: the part of the video whose sound is wanted. Each end is moved to a quiet place, up to ten seconds
                earlier, on which neighbouring parts agree; the sound of the first part begins, and that of the last
                part ends, with the file.
            track: number, from 1, or language of the audio track; "" for the default one.

        Raises:
            MediaError: AUDIO_DECODE_FAILED if no sound can be decoded; and as above.
        """
        job = {
            "start": float(video.start_pts * video.time_base),
            "duration": video.seconds,
            "unit_seconds": self.limits.unit_seconds,
            "begin": span.seconds[0] if span and span.start > 0 else None,
            "end": span.seconds[1] if span and span.end < video.duration else None,
            "search_seconds": min(_SEARCH_SECONDS, round(span.duration / 2, 1)) if span else _SEARCH_SECONDS,
            "track": track,
        }
        for message in self._messages("sound", path, span.duration if span else video.seconds, job):
            yield Sound(message.payload.view(np.float32), float(message.values["start"]))

    def close(self) -> None:
        """End the child, if there is one."""
        if self._child is not None:
            self._child.end()
            self._child = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _messages(self, job: str, path: Path, media_seconds: float, values: Mapping[str, Any]) -> Iterator[Message]:
        """Run one job in the child. A job that does not run to its end, for any reason, ends the child."""
        limits = self.limits
        left = max(limits.minimum_seconds, limits.seconds_per_media_second * media_seconds)
        child = self._running()
        child.jobs += 1
        child.busy = True
        completed = seeking = False
        try:
            child.wire.send(job, {"path": os.path.abspath(path), **values} if job != "misbehave" else values)  # noqa: PTH100
            while True:
                if self._child is not child:
                    raise RuntimeError(f"decoding {_shown(path)} was abandoned: another file was started meanwhile")
                begun = time.monotonic()
                message = child.wire.receive(left if seeking else min(limits.stall_seconds, left))
                left = max(0.0, left - (time.monotonic() - begun))
                # In a file without an index, seeking reads all that precedes the place, without a sign of life.
                seeking = message.tag == "seeking"
                if message.tag == "detour":
                    left += limits.seconds_per_media_second * message.values["seconds"]
                if message.tag in ("done", "error", "bug"):
                    completed = True
                    break
                if message.tag not in ("alive", "seeking", "detour"):
                    yield message
        except TimeoutError as error:
            raise MediaError(
                "DECODE_TIMEOUT",
                f"Decoding {_shown(path)} took too long and was stopped.",
                "Convert the file, or raise the decoder's time limits.",
            ) from error
        except (EOFError, BrokenPipeError) as error:
            raise _death(path, child.exit_status()) from error
        finally:
            child.busy = False
            if not completed:
                child.end()
        if message.tag == "error":
            raise MediaError(message.values["code"], message.values["message"], message.values["hint"])
        if message.tag == "bug":
            raise RuntimeError(f"the decoding child failed on {_shown(path)}:\n{message.values['trace']}")

    def _misbehave(self, how: str) -> None:
        """Have the child crash, loop or hoard memory as a hostile file might; for tests."""
        for _ in self._messages("misbehave", Path("hostile"), 0.0, {"how": how}):
            pass

    def _running(self) -> _Child:
        child = self._child
        # A busy child is still working on a job whose frames were not consumed to the end.
        if child is not None and (child.busy or child.jobs >= self.limits.restart_after or not child.is_alive()):
            self.close()
        if self._child is None:
            self._child = _Child(self._module, self.limits.address_space_bytes)
        return self._child


class _Child:
    """The process and the connection to it."""

    def __init__(self, module: str, address_space: int) -> None:
        ours, theirs = socket.socketpair()
        environment = environment_of_child(os.environ)
        # Kinodex is found from any current folder, which -P itself keeps off the path: it may contain anything.
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(_ROOT), environment.get("PYTHONPATH", "")]))
        # Thread pools of numerical libraries would use up address space that codecs need.
        environment |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        command = [sys.executable, "-P", "-m", module]
        command += [str(theirs.fileno()), str(os.getpid()), str(address_space)]
        with theirs:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=environment,
                pass_fds=(theirs.fileno(),),
            )
        self.wire = Wire(ours)
        self.jobs = 0
        self.busy = False
        try:
            self.wire.receive(_START_SECONDS)
        except (EOFError, TimeoutError) as error:
            self.end()
            raise RuntimeError(f"the decoding child does not start: {' '.join(command)}") from error

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def exit_status(self) -> int:
        """The exit status of the process, which has closed its socket and so is about to end."""
        try:
            return self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        self.wire.close()


def environment_of_child(environment: Mapping[str, str]) -> dict[str, str]:
    """The part of ``environment`` for a process that parses hostile files: harmless variables, and the locale."""
    return {name: value for name, value in environment.items() if name in _PASSED_ON or name.startswith("LC_")}


def _death(path: Path, status: int) -> MediaError:
    name = _shown(path)
    if status == MEMORY_EXIT:
        return MediaError(
            "DECODE_MEMORY",
            f"Decoding {name} needs more memory than allowed.",
            "Convert it to a smaller picture size, or raise the decoder's memory limit.",
        )
    how = f"signal {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
    return MediaError(
        "DECODE_CRASHED", f"The decoder crashed on {name} ({how}).", "Convert the file; it may be damaged or hostile."
    )


def _shown(path: Path) -> str:
    return repr(os.fsencode(path.name).decode("utf-8", "replace"))
