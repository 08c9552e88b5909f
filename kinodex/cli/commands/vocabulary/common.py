"""What the commands of a vocabulary share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from kinodex.library import Library
    from kinodex.views.library_view import LibraryView

TagArgument = Annotated[str, typer.Argument(metavar="TAG", help="Id, name or alias of a tag.")]
LaterOption = Annotated[bool, typer.Option("--later", help="Leave deciding to `kinodex tags decide`.")]
TagsArgument = Annotated[list[str], typer.Argument(metavar="TAG", help="Ids, names or aliases of tags.")]
FacetOption = Annotated[str | None, typer.Option("--facet", metavar="WORD", help="Who, what, where, how or your word.")]
AliasOption = Annotated[
    list[str] | None, typer.Option("--alias", "-a", metavar="NAME", help="Another name, in any language (repeatable).")
]
ParentOption = Annotated[
    str | None,
    typer.Option("--parent", metavar="TAG", help="What is broader: videos with this tag have that one, too."),
]
LanguageOption = Annotated[
    str | None, typer.Option("--language", metavar="CODE", help="Language of the name, e.g. zh.")
]


def owners_view(library: Library) -> LibraryView:
    """The library as its owner sees it."""
    from kinodex.views.library_view import LibraryView
    from stores.core.principal import OWNER

    return LibraryView(library, OWNER)


def tag_id(view: LibraryView, name: str) -> str:
    """The id of a tag by its id, name or alias.

    Raises:
        UsageError: NOT_FOUND.
    """
    return tag_ids(view, [name])[0]


def tag_ids(view: LibraryView, names: Sequence[str]) -> list[str]:
    """As `tag_id`, of several."""
    from stores.core.errors import UsageError

    found: list[str] = []
    for name in names:
        tag = view.store.tags.find(name)
        if tag is None:
            raise UsageError("NOT_FOUND", f"There is no tag {name[:80]!r}.", "See `kinodex tags list`.")
        found.append(tag.tag_id)
    return list(dict.fromkeys(found))
