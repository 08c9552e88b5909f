"""Changing the vocabulary, and its history."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from kinodex.schemas.api import vocabulary as schema
from kinodex.schemas.tagging.explained import DecidedAtOnce
from kinodex.schemas.tags import ImportedDocument, imported, tag_document
from kinodex.usecases.vocabulary import editing
from stores.core.errors import TagFileError, UsageError
from stores.tags.files.reading import FORMS, form_of
from stores.tags.files.vocabulary_file import ReadOptions
from stores.tags.vocabulary.changes import Author, restored
from stores.tags.vocabulary.editing import NewTag, TagEdit
from stores.tags.vocabulary.history import changes_of, decided_with

if TYPE_CHECKING:
    from kinodex.views.library_view import LibraryView
    from stores.tags.vocabulary.history import TagChange

IMPORTED = 20_000_000
"""Bytes of a file of tags. Source: our choice: 200,000 tags with aliases."""


def author(view: LibraryView) -> Author:
    """Who changes something."""
    return Author(view.principal.user_id, view.principal.name)


def may_edit(view: LibraryView) -> Author:
    """Who changes the vocabulary.

    Raises:
        UsageError: FORBIDDEN without the scope ``edit``, or for one who does not see the whole library.
    """
    view.require("edit")
    view.require_all()
    return author(view)


def add(view: LibraryView, new: schema.NewTagRequest) -> schema.TagsChanged:
    """Add a tag.

    Raises:
        UsageError: FORBIDDEN; CONFLICT if there is one with this id; NOT_FOUND if there is no such parent; USAGE.
    """
    return schema.changed(editing.add_tag(view.store, _new(new), may_edit(view)))


def edit(view: LibraryView, tag_id: str, asked: schema.TagEditRequest) -> schema.TagsChanged:
    """Change some values of a tag.

    Raises:
        UsageError: FORBIDDEN; NOT_FOUND; USAGE if a value cannot be, or parents would form a circle.
    """
    edit = TagEdit(
        asked.name,
        asked.facet,
        None if asked.aliases is None else tuple(asked.aliases),
        tuple(asked.add_aliases),
        tuple(asked.remove_aliases),
        asked.parent,
        asked.language,
    )
    return schema.changed(editing.edit_tag(view.store, tag_id, edit, may_edit(view)))


def retire(view: LibraryView, tag_ids: Sequence[str]) -> schema.TagsChanged:
    """Have tags keep their decisions and get no new ones.

    Raises:
        UsageError: FORBIDDEN; NOT_FOUND.
    """
    return schema.changed(editing.retire_tags(view.store, tag_ids, may_edit(view)))


def restore(view: LibraryView, tag_ids: Sequence[str]) -> schema.TagsChanged:
    """Have retired tags get decisions again; raises as `retire`."""
    return schema.changed(editing.restore_tags(view.store, tag_ids, may_edit(view)))


def remove(view: LibraryView, tag_ids: Sequence[str]) -> schema.TagsChanged:
    """Remove tags with all decisions about them; raises as `retire`."""
    return schema.changed(editing.remove_tags(view.store, tag_ids, may_edit(view)))


def merge(view: LibraryView, tag_id: str, sources: Sequence[str]) -> schema.TagsChanged:
    """Make tags part of another one, with all that was decided.

    Raises:
        UsageError: FORBIDDEN; NOT_FOUND; USAGE if there is nothing to merge.
    """
    return schema.changed(editing.merge_tags(view.store, tag_id, sources, may_edit(view)))


def split(view: LibraryView, tag_id: str, asked: schema.SplitRequest) -> schema.TagsChanged:
    """Divide a tag into narrower ones.

    Raises:
        UsageError: FORBIDDEN; NOT_FOUND; CONFLICT; USAGE.
    """
    parts = [_new(one) for one in asked.parts]
    return schema.changed(editing.split_tag(view.store, tag_id, parts, asked.retire, may_edit(view)))


def undo(view: LibraryView, step: str) -> schema.TagsChanged:
    """Take a change back: everything is as it was.

    Raises:
        UsageError: FORBIDDEN; NOT_FOUND if there is no such change; CONFLICT if something changed since.
    """
    return schema.changed(editing.undo_change(view.store, step, may_edit(view)))


def decide(view: LibraryView, tag_ids: Sequence[str]) -> DecidedAtOnce:
    """Decide about tags that changed, only for the videos that they may fit.

    Raises:
        UsageError: FORBIDDEN; NOT_FOUND.
        StoreError: LIBRARY_LOCKED if there is a job.
    """
    from kinodex.usecases.tagging.at_once import is_quick
    from kinodex.usecases.tagging.retagging import retag

    may_edit(view)
    for tag_id in tag_ids:
        found = view.store.tags.find(tag_id)
        if found is None or found.tag_id != tag_id:
            raise no_tag(tag_id)
    library = view.library
    if not is_quick(library.store, library.encoders, library.settings, tag_ids):
        return DecidedAtOnce(decided=None)
    return DecidedAtOnce(decided=retag(library.store, library.tagger(), tag_ids))


def history(view: LibraryView, tag_id: str, limit: int = 100) -> schema.TagHistory:
    """What happened to a tag, also to one that is gone, and to the decisions with it on videos that one sees.

    Raises:
        UsageError: NOT_FOUND if there never was such a tag.
    """
    changes = changes_of(view.store.engine, tag_id, limit)
    found = view.store.tags.find(tag_id)
    if not changes and (found is None or found.tag_id != tag_id):
        raise no_tag(tag_id)
    return schema.TagHistory(
        changes=[_change(one) for one in changes],
        decisions=[
            schema.DecisionChangeEvent(
                video_id=one.video_id,
                origin=one.origin,
                before=one.before,
                after=one.after,
                by=one.by_name,
                score=one.confidence,
                at=one.at,
            )
            for one in decided_with(view.store.engine, tag_id, limit, view.visible())
        ],
    )


def import_bytes(
    view: LibraryView, data: bytes, name: str = "", columns: str = "", dry_run: bool = False
) -> ImportedDocument:
    """Add the tags of a file, all or none; those that are known get its values.

    Args:
        name: of the file; its suffix tells the form, CSV if it has none.
        columns: which fields its columns have (`stores.tags.files.vocabulary_file.ReadOptions`).
        dry_run: only say what would change.

    Raises:
        UsageError: FORBIDDEN; TOO_LARGE if it has more than `IMPORTED` bytes.
        TagFileError: TAG_FILE_INVALID.
    """
    who = may_edit(view)
    if len(data) > IMPORTED:
        raise UsageError("TOO_LARGE", f"A file of tags has at most {IMPORTED:,} bytes.", "Import it in pieces.")
    suffix = PurePosixPath(name).suffix.lower()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"tags{suffix if suffix.isascii() and suffix[1:].isalnum() else ''}"
        path.write_bytes(data)
        try:
            return imported(editing.import_file(view.store, path, who, ReadOptions(columns=columns), dry_run))
        except TagFileError as error:
            message = error.message.replace(f"The tag file {path}", "The file")
            raise TagFileError(error.code.name, message.replace(str(path), "the file"), error.hint) from None


def export_bytes(view: LibraryView, form: str = "csv") -> bytes:
    """All tags in one of `FORMS`, as `import_bytes` reads them.

    Raises:
        UsageError: USAGE if there is no such form.
    """
    if form not in FORMS:
        raise UsageError("USAGE", f"There is no form {form[:20]!r}.", f"Choose one of {', '.join(FORMS)}.")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"tags.{form}"
        assert form_of(path) == form
        view.store.tags.export_csv(path)
        return path.read_bytes()


def no_tag(tag_id: str) -> UsageError:
    """What is said of a tag that is not there."""
    return UsageError("NOT_FOUND", f"There is no tag {tag_id[:80]!r}.", "See GET /api/v1/tags.")


def _new(asked: schema.NewTagRequest) -> NewTag:
    return NewTag(asked.name, asked.tag_id, asked.facet, tuple(asked.aliases), asked.parent, asked.language)


def _change(one: TagChange) -> schema.TagChangeEvent:
    before, after = restored(one.before), restored(one.after)
    return schema.TagChangeEvent(
        action=one.action,
        by=one.by_name,
        at=one.at,
        before=tag_document(before) if before else None,
        after=tag_document(after) if after else None,
        differs=["id" if name == "tag_id" else name for name in one.differs],
        undone_at=one.undone_at,
        undo=one.step if one.undone_at is None else "",
    )
