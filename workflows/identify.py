"""Which video each found file is: from its known size and time of modification, else from its content."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from stores.core.ids import sha256_of
from stores.core.uris import uri_of
from workflows.discover import Discovery, FoundFile, InputProblem

if TYPE_CHECKING:
    from stores.library_store import LibraryStore

_READERS = 4
"""Files hashed at the same time. Source: our choice: more readers get no more out of a disk."""


@dataclass(frozen=True, slots=True)
class Input:
    """One input of a job: a video, or the reason why it is not one.

    Attributes:
        uri: its location (`stores.core.uris`).
        video_id: "" where the file could not be read; then ``code`` and ``message`` say why.
        postponed: whether the file was left for another run before it was read; ``video_id`` is "" then, too.
    """

    uri: str
    size: int = 0
    video_id: str = ""
    code: str = ""
    message: str = ""
    postponed: bool = False


class _OutOfBudgetError(Exception):
    """There is no time left to read a file."""


def identify(
    store: LibraryStore,
    found: Discovery,
    on_progress: Callable[[int, int], None],
    out_of_budget: Callable[[], bool] = lambda: False,
) -> list[Input]:
    """Register every found file, hashing only those that are new or were modified; record those that cannot be read.

    Args:
        on_progress: called with (done, total) after each file that was hashed.
        out_of_budget: whether to stop hashing; files not registered by then are postponed. Called from several threads.

    Returns:
        one `Input` for each file and each problem.
    """
    inputs: list[Input] = []
    fresh: list[FoundFile] = []
    for file in found.files:
        known = store.catalog.known(file.path, file.size, file.mtime_ns)
        if known is None:
            fresh.append(file)
        else:
            inputs.append(Input(uri_of(file.path), file.size, known))
    problems = list(found.problems)
    interrupted = threading.Event()

    def check() -> None:
        if interrupted.is_set() or out_of_budget():
            raise _OutOfBudgetError

    with ThreadPoolExecutor(_READERS) as pool:
        try:
            digests = pool.map(partial(_digest, check=check), fresh)
            for number, (file, digest) in enumerate(zip(fresh, digests, strict=True)):
                if isinstance(digest, InputProblem):
                    problems.append(digest)
                elif digest is None or out_of_budget():
                    inputs.append(Input(uri_of(file.path), file.size, postponed=True))
                    continue
                else:
                    video_id = store.catalog.register(file.path, digest, file.size, file.mtime_ns)
                    inputs.append(Input(uri_of(file.path), file.size, video_id))
                on_progress(number + 1, len(fresh))
        except BaseException:
            interrupted.set()  # a large file that is being read must not delay the end
            raise
    for problem in problems:
        uri = uri_of(problem.path)
        message = f"{uri}: {problem.message}"
        store.catalog.note_missing(problem.path)
        store.catalog.record_input_error(uri, problem.code, message)
        inputs.append(Input(uri, code=problem.code, message=message))
    paths = [file.path for file in found.files] + [problem.path for problem in found.problems]
    order = {uri_of(path): place for place, path in enumerate(paths)}
    return sorted(inputs, key=lambda one: order[one.uri])


def _digest(file: FoundFile, check: Callable[[], None]) -> str | InputProblem | None:
    """The file's hash, or why it has none; None where ``check`` ended the reading."""
    try:
        check()
        digest = sha256_of(file.path, check)
        after = file.path.stat()
    except _OutOfBudgetError:
        return None
    except FileNotFoundError:
        return InputProblem(file.path, "FILE_MISSING", "it was removed while it was being read")
    except OSError as error:
        return InputProblem(file.path, "FILE_UNREADABLE", f"it cannot be read: {(error.strerror or 'error').lower()}")
    if (after.st_size, after.st_mtime_ns) != (file.size, file.mtime_ns):
        return InputProblem(file.path, "FILE_UNREADABLE", "it was written to while it was being read")
    return digest
