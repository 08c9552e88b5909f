"""What exports and imports did."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from kinodex.schemas.base import Document


class ExportedDocument(Document):
    """One file that was written.

    Attributes:
        path: where; ``size`` in bytes.
        video_ids: the videos that it is about.
        items: how many lines, cuts or rows are in it; of what is about videos as a whole, how many videos.
        note: what the format cannot say, or how far a cut lies from what was asked; "" if there is nothing to say.
    """

    path: str
    format: str
    size: int
    video_ids: list[str]
    items: int
    note: str = ""


class ExportedFilesDocument(Document):
    """What `kinodex export` wrote; ``note``: that nothing was there to be written, "" if something was."""

    files: list[ExportedDocument]
    note: str = ""


class FormatDocument(Document):
    """A format in which a library can be exported.

    Attributes:
        media_type: of its file; ``suffix``: of the file's name.
        together: whether several videos become one file.
        note: what it cannot say.
    """

    name: str
    suffix: str
    media_type: str
    together: bool
    note: str


class FormatsDocument(Document):
    """The formats in which a library can be exported."""

    formats: list[FormatDocument]


class ExportAsked(Document):
    """What is to be exported.

    Attributes:
        format: as `FormatsDocument` lists them.
        video_ids: of these videos; null for all.
        kind: of the lines of a transcript.
        tags: ids or names: only videos with one of these accepted, and only these.
        query: moments that match it; ``k`` at most.
        bom: begin CSV with the mark by which Excel knows UTF-8.
    """

    format: Annotated[str, Field(max_length=40)]
    video_ids: Annotated[list[str] | None, Field(max_length=1000)] = None
    kind: Literal["speech", "screen", "caption"] = "speech"
    tags: list[str] = Field(default_factory=list, max_length=100)
    query: Annotated[str, Field(max_length=500)] = ""
    k: Annotated[int, Field(ge=1, le=1000)] = 50
    bom: bool = False


class ImportFault(Document):
    """What is wrong in one line of a file; 0 for the file as a whole."""

    line: int
    message: str


class ImportedFile(Document):
    """What became of a file.

    Attributes:
        kind: ``lines`` or ``decisions``.
        changed, unchanged: lines or decisions; nothing is changed where there are faults.
        faulty: how many lines are wrong; ``faults``: the first of them.
    """

    name: str
    kind: str
    changed: int
    unchanged: int
    faulty: int
    faults: list[ImportFault]


class ImportedFilesDocument(Document):
    """What `kinodex import` did."""

    files: list[ImportedFile]
