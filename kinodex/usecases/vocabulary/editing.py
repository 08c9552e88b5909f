"""Changing the vocabulary: tag by tag, by merging and splitting, by files; and taking it back.

None of it waits for a job: the database's own transactions suffice.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stores.library_store import LibraryStore
    from stores.tags.files.vocabulary_file import ReadOptions
    from stores.tags.vocabulary.changes import Author
    from stores.tags.vocabulary.editing import Changed, NewTag, TagEdit
    from stores.tags.vocabulary.importing import ImportReport


def import_file(
    store: LibraryStore, path: Path, author: Author, options: ReadOptions | None = None, dry_run: bool = False
) -> ImportReport:
    """Add the tags of a file, all or none, or say what that would change.

    Raises:
        TagFileError: TAG_FILE_INVALID, with the lines that are wrong.
    """
    from stores.tags.files.reading import read_file
    from stores.tags.vocabulary.importing import import_vocabulary

    return import_vocabulary(store.engine, path, read_file(path, options), author, dry_run)


def add_tag(store: LibraryStore, new: NewTag, author: Author) -> Changed:
    """Add a tag; raises as `stores.tags.vocabulary.editing.TagEditor.add`."""
    return store.tag_editor.add(new, author)


def edit_tag(store: LibraryStore, tag_id: str, edit: TagEdit, author: Author) -> Changed:
    """Change some values of a tag; raises as `stores.tags.vocabulary.editing.TagEditor.edit`."""
    return store.tag_editor.edit(tag_id, edit, author)


def retire_tags(store: LibraryStore, tag_ids: Sequence[str], author: Author) -> Changed:
    """Have tags keep their decisions and get no new ones.

    Raises:
        UsageError: NOT_FOUND.
    """
    return store.tag_editor.retire(tag_ids, author)


def restore_tags(store: LibraryStore, tag_ids: Sequence[str], author: Author) -> Changed:
    """Have retired tags get decisions again; raises as `retire_tags`."""
    return store.tag_editor.restore(tag_ids, author)


def remove_tags(store: LibraryStore, tag_ids: Sequence[str], author: Author) -> Changed:
    """Remove tags with all decisions about them; raises as `retire_tags`."""
    return store.tag_editor.remove(tag_ids, author)


def merge_tags(store: LibraryStore, target_id: str, sources: Sequence[str], author: Author) -> Changed:
    """Make tags part of another one; raises as `stores.tags.vocabulary.merging.merge`."""
    from stores.tags.vocabulary.merging import merge

    return merge(store.engine, target_id, sources, author)


def split_tag(store: LibraryStore, tag_id: str, parts: Sequence[NewTag], retire: bool, author: Author) -> Changed:
    """Divide a tag; raises as `stores.tags.vocabulary.merging.split`."""
    from stores.tags.vocabulary.merging import split

    return split(store.engine, tag_id, parts, retire, author)


def undo_change(store: LibraryStore, step: str, author: Author) -> Changed:
    """Take a change back; raises as `stores.tags.vocabulary.undoing.undo`."""
    from stores.tags.vocabulary.undoing import undo

    return undo(store.engine, step, author)
