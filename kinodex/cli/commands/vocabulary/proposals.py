"""`kinodex tags find-duplicates` and `kinodex tags proposals`: what people may decide about the vocabulary."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from kinodex.cli.commands.vocabulary.common import (
    AliasOption,
    FacetOption,
    ParentOption,
    owners_view,
    tag_id,
)
from kinodex.cli.context import (
    CommandContext,
    ConfigOption,
    JsonOption,
    LibraryOption,
    ProfileOption,
    command_context,
)
from kinodex.cli.parsing import Commands

if TYPE_CHECKING:
    from kinodex.schemas.api.vocabulary import ProposalCard
    from kinodex.views.library_view import LibraryView

app = Commands(help="What is frequent in the videos and covered by no tag: find it, accept it, or reject it for good.")

ProposalArgument = Annotated[str, typer.Argument(metavar="PROPOSAL", help="Id of a proposal: prp_…")]
LimitOption = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many to show.")]


def find_duplicates(
    limit: LimitOption = 100,
    names_only: Annotated[bool, typer.Option("--names", help="Only those that share a name or an alias.")] = False,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Find tags that may be one: they share a name or alias, or mean nearly the same. Nothing is merged by itself.

    What the names of new tags mean is computed first, which takes a while once: about a minute for 6,000 tags.

    \b
    Example: kinodex tags find-duplicates
             kinodex tags merge puppy --into dog
    """
    from kinodex.cli.progress_bars import counting
    from kinodex.cli.render import vocabulary as render
    from kinodex.views.tags.proposing import duplicates, shared_names

    with command_context(library, profile, as_json, config) as context:
        with context.library() as opened, counting("reading tags") as bar:
            view = owners_view(opened)
            found = shared_names(view, limit) if names_only else duplicates(view, limit, bar)
            payload = found.payload()
        context.show(payload, lambda console: render.duplicates(console, payload))


@app.command("refresh", short_help="Look for what no tag covers.")
def refresh(
    limit: LimitOption = 50,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Look through the library (1,000 videos at a time) for phrases that are said or shown, things that are seen, and
    moments that look alike, in three videos or more and covered by no tag. They replace the open proposals.

    \b
    Example: kinodex tags proposals refresh
    """
    from kinodex.cli.progress_bars import counting
    from kinodex.cli.render import vocabulary as render
    from kinodex.usecases.vocabulary.proposing import refresh_proposals
    from kinodex.views.tags.proposing import proposals

    with command_context(library, profile, as_json, config) as context:
        with context.library() as opened, counting("reading videos") as bar:
            searched = refresh_proposals(opened.store, opened.encoders, bar)
            payload = proposals(owners_view(opened), "open", limit).payload()
        context.show(payload, lambda console: render.proposals(console, payload, (searched.videos, searched.of)))


@app.command("list", short_help="List proposals.")
def list_proposals(
    status: Annotated[Literal["open", "accepted", "rejected"], typer.Option("--status", help="Which ones.")] = "open",
    limit: LimitOption = 50,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List proposals, the best supported first, each with the videos that have it and an example.

    \b
    Example: kinodex tags proposals list
    """
    from kinodex.cli.render import vocabulary as render
    from kinodex.views.tags.proposing import proposals

    with command_context(library, profile, as_json, config) as context:
        with context.library() as opened:
            payload = proposals(owners_view(opened), status, limit).payload()
        context.show(payload, lambda console: render.proposals(console, payload))


@app.command("accept", short_help="Make a proposal a tag, or an alias of one.")
def accept(
    proposal: ProposalArgument,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="Another name than the proposed one.")
    ] = None,
    alias_of: Annotated[
        str | None, typer.Option("--alias-of", metavar="TAG", help='The tag that gets it as an alias; "" for none.')
    ] = None,
    facet: FacetOption = None,
    alias: AliasOption = None,
    parent: ParentOption = None,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Make a proposal a tag; one that means nearly the same as a tag becomes an alias of it, unless --alias-of "".

    \b
    Example: kinodex tags proposals accept prp_0123456789abcdef0123 --parent sport
    """
    from kinodex.cli.render import vocabulary as render
    from kinodex.schemas.api.vocabulary import AcceptRequest
    from kinodex.views.tags import proposing

    with command_context(library, profile, as_json, config) as context:
        with context.library() as opened:
            view = owners_view(opened)
            asked = AcceptRequest(
                name=name,
                alias_of=tag_id(view, alias_of) if alias_of else alias_of,
                facet=facet or "",
                aliases=alias or [],
                parent=tag_id(view, parent) if parent else "",
            )
            payload = proposing.accept(view, proposal, asked).payload()
        context.show(payload, lambda console: render.changed(console, payload))


ProposalsArgument = Annotated[list[str], typer.Argument(metavar="PROPOSAL", help="Ids of proposals: prp_…")]


@app.command("reject", short_help="Never propose it again.")
def reject(
    proposals: ProposalsArgument,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Reject proposals: they do not come again.

    \b
    Example: kinodex tags proposals reject prp_0123456789abcdef0123
    """
    from kinodex.views.tags import proposing

    with command_context(library, profile, as_json, config) as context:
        _each(context, proposals, proposing.reject)


@app.command("reopen", short_help="Have decided proposals wait again.")
def reopen(
    proposals: ProposalsArgument,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Have rejected and accepted proposals wait again; a tag that one became is left alone.

    \b
    Example: kinodex tags proposals reopen prp_0123456789abcdef0123
    """
    from kinodex.views.tags import proposing

    with command_context(library, profile, as_json, config) as context:
        _each(context, proposals, proposing.reopen)


def _each(context: CommandContext, proposals: list[str], change: Callable[[LibraryView, str], ProposalCard]) -> None:
    """Changes proposals one by one, and shows them."""
    from kinodex.cli.render import vocabulary as render
    from kinodex.schemas.api import vocabulary as schema

    with context.library() as opened:
        view = owners_view(opened)
        done = [change(view, one) for one in dict.fromkeys(proposals)]
    payload = schema.Proposals(proposals=done, more=False).payload()
    context.show(payload, lambda console: render.proposals(console, payload))
