"""The text of a file in whatever encoding it has, and what that was."""

from __future__ import annotations

import codecs

_MARKS = (
    (codecs.BOM_UTF8, "utf-8", "UTF-8"),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)

_LOOKED_AT = 65_536
"""Bytes by which an encoding is told. Source: our choice: tens of thousands of characters."""

_MOST_ZEROS = 0.3
"""Share of zero bytes at even or odd places from which a text is UTF-16. Source: our choice: line breaks, separators
and Latin letters have one each, while a text in any other encoding has none."""

_COMMON = 0.8
"""Share of characters in the common part of a character set from which a text is in it. Source: GB 2312's first level
alone covers 99.7 % of running simplified text (GB/T 2312-1980, its preface)."""


class UndecodableError(ValueError):
    """A text is in none of the encodings tried; the message says from which line on."""


def decoded(raw: bytes, encoding: str = "") -> tuple[str, str]:
    """A text without its byte order mark, and the name of its encoding as people write it.

    UTF-8, UTF-16 and UTF-32 are told for certain; GB18030 (with GBK), Big5 and Windows-1252 by the characters that
    would come out.

    Args:
        encoding: a codec of Python's; "" to find out.

    Raises:
        UndecodableError: if it is in none of them, or not in ``encoding``.
    """
    if encoding:
        return _as_told(raw, encoding)
    for mark, codec, name in _MARKS:
        if raw.startswith(mark):
            return _strict(raw, codec, name).removeprefix("\ufeff"), name
    wide = _wide(raw[:_LOOKED_AT])
    if wide:
        return _strict(raw, wide, "UTF-16"), "UTF-16"
    try:
        return raw.decode("utf-8"), "UTF-8"
    except UnicodeDecodeError as error:
        wrong = _line_of(raw, error.start)
    for codec, name, likely in (
        ("cp1252", "Windows-1252", _latin),
        ("gb18030", "GB18030", _simplified),
        ("big5hkscs", "Big5", _traditional),
        ("gb18030", "GB18030", _wholly_han),
    ):
        try:
            text = raw.decode(codec)
        except UnicodeDecodeError:
            continue
        if likely(raw[:_LOOKED_AT], text[:_LOOKED_AT]):
            return text, name
    raise UndecodableError(f"line {wrong} is not UTF-8, and the encoding cannot be remarks; name it with --encoding")


def _as_told(raw: bytes, encoding: str) -> tuple[str, str]:
    try:
        name = codecs.lookup(encoding).name
        return raw.decode(name).removeprefix("\ufeff"), encoding
    except UnicodeDecodeError as error:
        raise UndecodableError(f"line {_line_of(raw, error.start)} is not {encoding}") from error
    except (LookupError, TypeError, ValueError) as error:
        raise UndecodableError(f"there is no encoding {encoding[:40]!r}") from error


def _strict(raw: bytes, codec: str, name: str) -> str:
    try:
        return raw.decode(codec)
    except UnicodeDecodeError as error:
        raise UndecodableError(f"line {_line_of(raw, error.start)} is not {name}") from error


def _line_of(raw: bytes, place: int) -> int:
    return raw.count(b"\n", 0, place) + 1


def _wide(head: bytes) -> str:
    """The codec of a text in UTF-16 without a mark; "" for any other."""
    even, odd = head[::2], head[1::2]
    if len(odd) < 2:
        return ""
    if odd.count(0) / len(odd) > _MOST_ZEROS and even.count(0) == 0:
        return "utf-16-le"
    return "utf-16-be" if even.count(0) / len(even) > _MOST_ZEROS and odd.count(0) == 0 else ""


def _latin(head: bytes, _: str) -> bool:
    """Whether most bytes beyond ASCII stand alone between letters, as accented letters do."""
    high = [at for at, byte in enumerate(head) if byte >= 0x80]
    alone = sum(head[at - 1 : at] < b"\x80" and head[at + 1 : at + 2] < b"\x80" for at in high)
    return bool(high) and alone > len(high) / 2


def _share(text: str, codec: str, low: int, high: int) -> float:
    """The share of characters beyond ASCII whose first byte in a codec is in a range."""
    wide = [one for one in text if one >= "\x80"]
    coded = (one.encode(codec, "ignore") for one in wide)
    return sum(len(two) == 2 and low <= two[0] <= high for two in coded) / len(wide) if wide else 0.0


def _simplified(_: bytes, text: str) -> bool:
    return _share(text, "gb2312", 0xA1, 0xF7) >= _COMMON


def _traditional(_: bytes, text: str) -> bool:
    # Big5's symbols and first level.
    return _share(text, "big5", 0xA1, 0xC6) >= _COMMON


def _wholly_han(_: bytes, text: str) -> bool:
    """Traditional characters in GBK, which GB 2312 has not."""
    wide = [one for one in text if one >= "\x80"]
    known = sum("\u3000" <= one <= "\u9fff" or "\uff00" <= one <= "\uffef" for one in wide)
    return bool(wide) and known / len(wide) >= _COMMON
