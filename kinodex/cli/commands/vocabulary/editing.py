"""`kinodex tags add`, `edit`, `merge`, `split`, `retire`, `restore`, `remove` and `undo`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from kinodex.cli.commands.vocabulary.common import (
    AliasOption,
    FacetOption,
    LanguageOption,
    LaterOption,
    ParentOption,
    TagArgument,
    TagsArgument,
    owners_view,
    tag_id,
    tag_ids,
)
from kinodex.cli.context import ConfigOption, JsonOption, LibraryOption, ProfileOption, command_context

if TYPE_CHECKING:
    from kinodex.schemas.api.vocabulary import TagsChanged
    from kinodex.views.library_view import LibraryView

_Request = TypeVar("_Request")
_Shared = tuple[Path | None, str | None, bool, Path | None]


def add_tag(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name of the new tag.")],
    new_id: Annotated[str, typer.Option("--id", metavar="ID", help="Its id (default: made of the name).")] = "",
    facet: FacetOption = None,
    alias: AliasOption = None,
    parent: ParentOption = None,
    language: LanguageOption = None,
    later: LaterOption = False,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Add a tag.

    \b
    Example: kinodex tags add skateboard --alias 滑板 --parent sport
    """
    from kinodex.schemas.api.vocabulary import NewTagRequest
    from kinodex.views.tags.vocabulary import add

    def change(view: LibraryView) -> TagsChanged:
        above = tag_id(view, parent) if parent else ""
        asked = {"facet": facet or "", "aliases": alias or [], "parent": above, "language": language or ""}
        return add(view, _request(NewTagRequest, {"name": name, "tag_id": new_id, **asked}))

    _change(change, (library, profile, as_json, config), create=True, decide=not later)


def edit_tag(
    tag: TagArgument,
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="Another name.")] = None,
    alias: AliasOption = None,
    remove_alias: Annotated[
        list[str] | None, typer.Option("--remove-alias", metavar="NAME", help="Not this alias (repeatable).")
    ] = None,
    facet: FacetOption = None,
    parent: ParentOption = None,
    language: LanguageOption = None,
    later: LaterOption = False,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Change some values of a tag. To take a value away, give an empty one: --parent "".

    \b
    Example: kinodex tags edit dog --alias 狗 --parent animal
    """
    from kinodex.schemas.api.vocabulary import TagEditRequest
    from kinodex.views.tags.vocabulary import edit

    def change(view: LibraryView) -> TagsChanged:
        above = tag_id(view, parent) if parent else parent
        asked: dict[str, object] = {"name": name, "facet": facet, "parent": above, "language": language}
        asked |= {"add_aliases": alias or [], "remove_aliases": remove_alias or []}
        return edit(view, tag_id(view, tag), _request(TagEditRequest, asked))

    _change(change, (library, profile, as_json, config), decide=not later)


def merge_tags(
    tags: Annotated[list[str], typer.Argument(metavar="TAG", help="Tags that become part of the other one.")],
    into: Annotated[str, typer.Option("--into", metavar="TAG", help="The tag that they become part of.")],
    later: LaterOption = False,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Make tags part of another one, which gets their names, aliases, children, decisions and reviews.

    Where people decided about both, the later decision counts; a person's is before an automatic one.

    \b
    Example: kinodex tags merge puppy hound --into dog
    """
    from kinodex.views.tags.vocabulary import merge

    def change(view: LibraryView) -> TagsChanged:
        return merge(view, tag_id(view, into), tag_ids(view, tags))

    _change(change, (library, profile, as_json, config), decide=not later)


def split_tag(
    tag: TagArgument,
    into: Annotated[
        list[str], typer.Option("--into", metavar="NAME[=ALIAS;…]", help="A part, with the aliases it takes (repeat).")
    ],
    retire: Annotated[
        bool, typer.Option("--retire", help="Retire the tag instead of keeping it above its parts.")
    ] = False,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Divide a tag into narrower ones. It keeps its decisions; in every video that has it, the parts wait for review.

    \b
    Example: kinodex tags split jaguar --into "jaguar (cat)=美洲豹" --into "Jaguar (car)=捷豹" --retire
    """
    from kinodex.schemas.api.vocabulary import NewTagRequest, SplitRequest
    from kinodex.views.tags.vocabulary import split
    from stores.tags.files.vocabulary_file import aliases_of

    def change(view: LibraryView) -> TagsChanged:
        parts = [
            _request(NewTagRequest, {"name": name.strip(), "aliases": list(aliases_of(others))})
            for name, _, others in (one.partition("=") for one in into)
        ]
        return split(view, tag_id(view, tag), _request(SplitRequest, {"parts": parts, "retire": retire}))

    _change(change, (library, profile, as_json, config))


def retire_tags(
    tags: TagsArgument,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Have tags keep their decisions and get no new ones.

    \b
    Example: kinodex tags retire dog
    """
    from kinodex.views.tags.vocabulary import retire

    _change(lambda view: retire(view, tag_ids(view, tags)), (library, profile, as_json, config))


def restore_tags(
    tags: TagsArgument,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Have retired tags get decisions again.

    \b
    Example: kinodex tags restore dog
    """
    from kinodex.views.tags.vocabulary import restore

    _change(lambda view: restore(view, tag_ids(view, tags)), (library, profile, as_json, config))


def remove_tags(
    tags: Annotated[list[str], typer.Argument(metavar="ID", help="Ids of tags, as shown by `kinodex tags list`.")],
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Remove tags from the tag library, with all decisions about them.

    To keep the decisions and only stop using a tag, retire it: kinodex tags retire TAG

    \b
    Example: kinodex tags remove t17 t18
    """
    from kinodex.cli.render import vocabulary as render
    from kinodex.schemas.tags import removed

    with command_context(library, profile, as_json, config) as context:
        with context.library() as opened:
            payload = removed(opened.remove_tags(*tags)).payload()
        context.show(payload, lambda console: render.removed_tags(console, payload))


def undo_change(
    undo: Annotated[str, typer.Argument(metavar="CHANGE", help="What a change or `tags history` said: stp_…")],
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Take a change of the vocabulary back: tags, decisions and reviews are as they were.

    \b
    Example: kinodex tags undo stp_0123456789abcdef0123
    """
    from kinodex.views.tags.vocabulary import undo as take_back

    _change(lambda view: take_back(view, undo), (library, profile, as_json, config))


def _change(
    change: Callable[[LibraryView], TagsChanged], shared: _Shared, create: bool = False, decide: bool = False
) -> None:
    from kinodex.cli.render import vocabulary as render
    from kinodex.cli.tagging.at_once import decided_at_once
    from kinodex.schemas.tagging.explained import ChangedAndDecided

    with command_context(*shared) as context:
        with context.library(create=create) as opened:
            made = change(owners_view(opened))
            if decide:
                decided = decided_at_once(opened, [tag.tag_id for tag in made.tags]) if made.undo else None
                made = ChangedAndDecided(**dict(made), decided=decided)
            payload = made.payload()
        context.show(payload, lambda console: render.changed(console, payload))


def _request(kind: Callable[..., _Request], values: Mapping[str, object]) -> _Request:
    """A request with these values.

    Raises:
        UsageError: USAGE if one cannot be.
    """
    from pydantic import ValidationError

    from stores.core.errors import UsageError

    try:
        return kind(**values)
    except ValidationError as error:
        first = error.errors()[0]
        where = first["loc"][0] if first["loc"] else "value"
        raise UsageError("USAGE", f"The {where} cannot be: {first['msg']}.", "Choose a shorter one.") from error
