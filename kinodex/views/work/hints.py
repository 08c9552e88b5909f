"""What a person can do about a video or a file that failed, by error code."""

from __future__ import annotations

from collections.abc import Mapping

from stores.core.errors import CODES

HINTS: Mapping[str, str] = {
    "FILE_MISSING": "The file was moved or deleted: put it back, or add it where it is now.",
    "FILE_EMPTY": "The file is empty: copy it again from where it came.",
    "FILE_UNREADABLE": "Check the file's permissions and the disk, then retry.",
    "NOT_MEDIA": "This is no video, whatever its name says: remove it from the folder.",
    "TRUNCATED": "The file ends too early: copy or download it again.",
    "ENCRYPTED": "The file is protected: add a copy without protection.",
    "NO_VIDEO_STREAM": "There is only sound in it: nothing to watch.",
    "NO_FRAMES": "No picture can be read from it: convert it, e.g. with FFmpeg, and add the result.",
    "UNSUPPORTED_CODEC": "Convert it to H.264 or VP9, e.g. with FFmpeg, and add the result.",
    "ABSURD_DIMENSIONS": "Its header is damaged: repair or convert it, and add the result.",
    "DECODE_FAILED": "The file is damaged: repair or convert it, and add the result.",
    "DECODE_CRASHED": "Retry; if it fails again, convert the file and add the result.",
    "DECODE_TIMEOUT": "Retry when the machine is less busy; if it fails again, convert the file.",
    "DECODE_MEMORY": "Retry with fewer workers, or on a machine with more memory.",
    "AUDIO_DECODE_FAILED": "Its sound is damaged: repair or convert it, and add the result.",
    "MODEL_MISSING": "Fetch the model: kinodex models pull.",
    "MODEL_CORRUPT": "Fetch the model again: kinodex models pull.",
    "MODEL_FAILED": "Retry; if it fails again, report it with the output of `kinodex replay`.",
    "DISK_FULL": "Free some space, then retry.",
    "ENDPOINT_UNREACHABLE": "Check that the language model runs and can be reached, then retry.",
    "ENDPOINT_REFUSED": "Check the key and the name of the model in the settings.",
    "ENDPOINT_BAD_OUTPUT": "Retry; if it fails again, another model may do better.",
    "ENDPOINT_CONTEXT": "Use a model with a longer context.",
    "ENDPOINT_FILTERED": "The model's provider refuses this content: use another model.",
    "ENDPOINT_BUDGET": "Raise the budget, then retry.",
    "WORKER_LOST": "Retry; if it happens again, give the machine more memory.",
}
"""Of the codes that a stage or an input ends with."""

_BY_BLAME = {
    "input": "Something is wrong with the file: repair or replace it.",
    "infra": "Something is wrong with this machine or its settings: see the checks in the settings, then retry.",
    "bug": "This is a bug in Kinodex: retry, and report it if it happens again.",
}


def hint_of(code: str) -> str:
    """What to do about an error; "" for a code that does not exist."""
    return HINTS.get(code) or (_BY_BLAME[CODES[code].blame] if code in CODES else "")
