"""What exports and imports did."""

from __future__ import annotations

from kinodex.schemas.base import Document


class ExportedDocument(Document):
    """One file that was written.

    Attributes:
        path: where; ``size`` in bytes.
        video_ids: the videos that it is about.
        note: what the format cannot say, or how far a cut lies from what was asked; "" if there is nothing to say.
    """

    path: str
    format: str
    size: int
    video_ids: list[str]
    note: str = ""


class ExportedFilesDocument(Document):
    """What `kinodex export` wrote."""

    files: list[ExportedDocument]


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
