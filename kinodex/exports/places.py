"""Files that exports become: safe names, written whole or not at all, nothing overwritten unasked."""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from kinodex.exports.wording import one_line
from stores.core.errors import StoreError, UsageError

LONGEST_NAME = 120
"""Characters of a file name before its suffix: below the 255 bytes of Linux and Windows also in Chinese, with room for
the id that tells namesakes apart. Source: our choice."""

_MOST_BYTES = 200
_UNSAFE = re.compile(r'[<>:"/\\|?*]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)
"""Source: Microsoft, Naming Files, Paths, and Namespaces."""


def safe_name(text: str) -> str:
    """A file name that every common file system takes, and that is in no other folder and hidden in none."""
    name = _UNSAFE.sub("_", one_line(text)).strip(". ")[:LONGEST_NAME]
    while len(name.encode()) > _MOST_BYTES:
        name = name[:-1]
    name = name.strip(". ")
    return f"_{name}" if not name or _RESERVED.match(name) else name


def write_whole(path: Path, data: bytes, force: bool = False) -> None:
    """Writes a file whole or not at all.

    Raises:
        UsageError: CONFLICT if it is there and ``force`` is not set; USAGE if it cannot be written.
        StoreError: DISK_FULL.
    """
    with whole_file(path, force) as file:
        file.write(data)


@contextmanager
def whole_file(path: Path, force: bool = False) -> Iterator[BinaryIO]:
    """A file to write to, which is at ``path`` when the block ends well, and nowhere if it does not.

    Raises:
        UsageError, StoreError: as `write_whole`.
    """
    refuse_existing(path, force)
    beside = path.with_name(f".kinodex-{secrets.token_hex(8)}")
    try:
        with beside.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        put_in_place(beside, path, force)
    except OSError as error:
        raise unwritable(path, error) from None
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def put_in_place(made: Path, path: Path, force: bool) -> None:
    """Gives a file that was made beside ``path`` its name.

    Raises:
        UsageError: CONFLICT if somebody else wrote it meanwhile and ``force`` is not set.
        OSError: if it cannot be done.
    """
    if force:
        made.replace(path)
        return
    try:
        # Unlike a rename, a link never replaces a file that came meanwhile.
        path.hardlink_to(made)
    except FileExistsError:
        raise existing(path) from None
    except OSError:
        # A file system without links.
        refuse_existing(path, force)
        made.replace(path)


def refuse_existing(path: Path, force: bool) -> None:
    """Refuses to overwrite a file unless ``force`` is set.

    Raises:
        UsageError: CONFLICT, or USAGE if it is a folder, or no place for a file.
    """
    if is_folder(path):
        raise UsageError("USAGE", f"{path} is a folder.", "Name a file in it.")
    if not force and os.path.lexists(path):
        raise existing(path)


def is_folder(path: Path) -> bool:
    """Whether there is a folder at a path.

    Raises:
        UsageError: USAGE if there cannot be anything, for example because the name is too long.
    """
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except FileNotFoundError:
        return False
    except (OSError, ValueError) as error:
        raise unwritable(path, error) from None


def make_folder(path: Path) -> None:
    """Makes a folder for files, with those above it, unless it is there.

    Raises:
        UsageError: USAGE if it cannot be made.
        StoreError: DISK_FULL.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise unwritable(path, error) from None


def existing(path: Path) -> UsageError:
    """The error of a file that is there already."""
    return UsageError("CONFLICT", f"{path} exists.", "Choose another name, or overwrite it with --force.")


def unwritable(path: Path, error: OSError | ValueError) -> StoreError | UsageError:
    """The error of a file that cannot be written."""
    reason = (error.strerror if isinstance(error, OSError) else "") or str(error)
    message = f"{path} cannot be written: {reason}."
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StoreError("DISK_FULL", message, "Free some space, or choose another folder.")
    return UsageError("USAGE", message, "Choose another place with -o.")
