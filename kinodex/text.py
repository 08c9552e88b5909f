"""Text and times made safe and readable to print: names and transcripts are untrusted data."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Iterable, Iterator

_ESCAPES = re.compile(
    "\x1b\\][^\x07\x1b]*(?:\x07|\x1b\\\\)?"  # operating system command, e.g. "set the window's title"
    "|(?:\x1b\\[|\x9b)[0-?]*[ -/]*[@-~]"  # control sequence, e.g. colours and cursor moves
    "|\x1b[ -/]*[0-~]?"  # two-character escapes
)
_BREAKS = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029]+")
# C0 and C1 controls, and the marks that change the reading direction.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_SURROGATES = re.compile("[\ud800-\udfff]")
_RAW_CONTROLS = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_NOT_ASCII = re.compile("[^\x00-\x7f]+")


def clean(text: str) -> str:
    """One line that is safe to print on a terminal: no escape sequences, controls or lone surrogates.

    Source: ECMA-48, 5th edition, for the forms of control sequences.
    """
    text = _BREAKS.sub(" ", _ESCAPES.sub("", text))
    return _SURROGATES.sub(lambda match: f"\\x{ord(match[0]) & 0xFF:02x}", _CONTROLS.sub("", text))


def visible(text: str) -> str:
    """Lines that are safe to print on a terminal, with controls and lone surrogates written out (``\\x1b``).

    Nothing is left out, so that people see what is stored.
    """
    kept = _CONTROLS.sub(lambda match: match[0] if match[0] == "\n" else _written(match[0]), text.replace("\r\n", "\n"))
    return _SURROGATES.sub(lambda match: f"\\x{ord(match[0]) & 0xFF:02x}", kept)


def _written(character: str) -> str:
    number = ord(character)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"


def to_json(value: object, ascii_only: bool = False, one_line: bool = False) -> str:
    """JSON that every parser and every terminal accepts: lone surrogates as text, control characters escaped, and so
    are marks that change the reading direction, which would show a line otherwise than it is.

    Args:
        ascii_only: for an output that cannot carry other characters.
        one_line: for an output of one value a line.
    """
    text = json.dumps(value, ensure_ascii=False, indent=None if one_line else 2, allow_nan=False)
    text = _SURROGATES.sub(lambda match: f"\\\\x{ord(match[0]) & 0xFF:02x}", text)
    text = _RAW_CONTROLS.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
    # Characters outside ASCII occur only inside strings, where an escape means the same.
    return _NOT_ASCII.sub(_escape, text) if ascii_only else text


def listing_json(name: str, items: Iterable[object], ascii_only: bool = False) -> Iterator[str]:
    """``to_json({name: [*items]})`` piece by piece, so that a long list is never in memory as a whole."""
    yield f'{{\n  "{name}": ['
    end = "]\n}"
    for at, item in enumerate(items):
        text = to_json(item, ascii_only)
        yield f"{',' if at else ''}\n    " + text.replace("\n", "\n    ")
        end = "\n  ]\n}"
    yield end


def _escape(match: re.Match[str]) -> str:
    return json.dumps(match[0])[1:-1]


def clock(seconds: float) -> str:
    """``m:ss.t`` as players show it; ``h:mm:ss.t`` from an hour on."""
    tenths = round(seconds * 10)
    minutes, tenths = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    rest = f"{tenths // 10:02d}.{tenths % 10}"
    return f"{hours}:{minutes:02d}:{rest}" if hours else f"{minutes}:{rest}"


def shell_word(path: str) -> str:
    """``path`` quoted as one word for a shell; ``$'…'`` where it has bytes that cannot be typed."""
    if path.isprintable():
        return shlex.quote(path)
    kept = (
        chr(byte) if 32 <= byte < 127 and chr(byte) not in "'\\\\" else f"\\x{byte:02x}" for byte in os.fsencode(path)
    )
    return f"$'{''.join(kept)}'"


def several(count: int, noun: str) -> str:
    """``1 input``, ``2 inputs``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def printable(text: str) -> str:
    """Text as typed, with invalid UTF-8 replaced: models and databases accept no lone surrogates."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace") if _SURROGATES.search(text) else text


def size(count: int) -> str:
    """Bytes in a unit that people read."""
    value = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} TiB"
