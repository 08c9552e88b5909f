"""Audio descriptions of described videos, as WebVTT files."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from pathlib import Path

from pipeline.describe.audio_description import MADE_BY, audio_description, webvtt
from pipeline.stage import Memory
from stores.core.errors import KinodexError, StoreError, UsageError
from stores.core.records import Caption, SpeechActivity, Utterance

SUFFIX = ".ad.vtt"

_SPEECH = ("speech_activity", "speech")


@dataclass(frozen=True, slots=True)
class AudioDescription:
    """The file of one video.

    Attributes:
        path: None if there is none, because of ``error``.
        descriptions: in the file; ``captions``: of the video, which are not all needed and do not all fit.
        seconds: of description, together.
    """

    video_id: str
    uri: str
    path: Path | None
    descriptions: int = 0
    captions: int = 0
    seconds: float = 0.0
    error: KinodexError | None = None


def write_audio_description(memory: Memory, video_id: str, uri: str, path: Path) -> AudioDescription:
    """Write the audio description of one video, from stored captions and speech activity; no model is asked.

    A file that is there is replaced if Kinodex wrote it.

    Returns:
        what was written, or the error of a video that cannot be described so.

    Raises:
        UsageError: USAGE if the file cannot be written.
        StoreError: DISK_FULL.
    """
    video = memory.video
    captions = [one for one in memory.records("captions") if isinstance(one, Caption)]

    def fault(message: str, hint: str) -> AudioDescription:
        return AudioDescription(video_id, uri, None, captions=len(captions), error=UsageError("USAGE", message, hint))

    if video is None or not captions:
        return fault("It has no captions.", "Run `kinodex describe` on it first.")
    if video.audio_codec and not memory.has("speech_activity"):
        return fault("It is not known where somebody speaks in it.", "Run `kinodex ingest` on it again.")
    if not _is_ours(path):
        return fault(f"{path} is there and was not written by Kinodex.", "Choose another folder, or move it away.")
    speech = [
        one.span for stage in _SPEECH for one in memory.records(stage) if isinstance(one, SpeechActivity | Utterance)
    ]
    cues = audio_description(captions, speech, video.seconds)
    _write(path, webvtt(cues, list(dict.fromkeys(one.model for one in captions))))
    seconds = sum(cue.end - cue.start for cue in cues)
    return AudioDescription(video_id, uri, path, len(cues), len(captions), seconds)


def _is_ours(path: Path) -> bool:
    """Whether a file may be replaced."""
    if not path.exists():
        return True
    try:
        with path.open("rb") as file:
            return file.read(400).startswith(f"WEBVTT\n\n{MADE_BY}".encode())
    except OSError:
        return False


def _write(path: Path, text: str) -> None:
    """Writes a file whole or not at all."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8", errors="replace")
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        message = f"{path} cannot be written: {error.strerror}."
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StoreError("DISK_FULL", message, "Free some space, or choose another folder.") from None
        raise UsageError("USAGE", message, "Choose another folder.") from None
