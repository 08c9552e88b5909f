"""`kinodex review`: decide about the tags that automatic tagging is least sure of."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from kinodex.cli.context import (
    CommandContext,
    ConfigOption,
    JsonOption,
    LibraryOption,
    ProfileOption,
    command_context,
    console,
)
from kinodex.cli.parsing import Commands
from kinodex.cli.review.options import (
    AboveOption,
    BelowOption,
    CollectionOption,
    FacetOption,
    QueryOption,
    TagOption,
    VideoOption,
    filter_of,
    tag_of,
    words_of,
)
from kinodex.text import to_json

if TYPE_CHECKING:
    from kinodex.library import Library
    from kinodex.views.library_view import LibraryView
    from kinodex.views.tags.reviewing import ReviewFilter

app = Commands(no_args_is_help=False)

PairArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="VIDEO TAG", help="One video and its tags; else what the options say is meant."),
]
DryOption = Annotated[bool, typer.Option("--dry-run", help="Only say what would be decided.")]


@app.callback(invoke_without_command=True)
def review(
    ctx: typer.Context,
    tag: TagOption = None,
    facet: FacetOption = None,
    video: VideoOption = None,
    collection: CollectionOption = None,
    query: QueryOption = None,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Decide about tags, one after the other: y yes, n no, u unsure, s later, z undo, q quit.

    What teaches most is asked first: scores near the threshold, sources that disagree, tags of many videos, tags that
    nobody judged yet. What you decide is saved at once, counts from then on, and no automatic run changes it. Where
    there is no terminal, the questions are listed.

    \b
    Example: kinodex review
             kinodex review --tag dog
             kinodex review accept --tag dog --above 0.9
    """
    if ctx.invoked_subcommand is not None:
        return
    with command_context(library, profile, as_json, config) as context, context.library() as opened:
        filters = filter_of(opened, tag, facet, video, collection, (query, None, None))
        if as_json or not (sys.stdin.isatty() and context.out.isatty()):
            _list(context, opened, filters, 20, None)
            return
        _sit(context, opened, filters)


@app.command("list", short_help="List what waits for you.")
def list_waiting(
    tag: TagOption = None,
    facet: FacetOption = None,
    video: VideoOption = None,
    collection: CollectionOption = None,
    query: QueryOption = None,
    above: AboveOption = None,
    below: BelowOption = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=200, help="List at most N.")] = 20,
    after: Annotated[str | None, typer.Option("--after", metavar="PLACE", help="`next` of the page before.")] = None,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List the decisions that wait for a person, what teaches most first, with why each is asked.

    \b
    Example: kinodex review list --facet what --limit 50
    """
    with command_context(library, profile, as_json, config) as context, context.library() as opened:
        filters = filter_of(opened, tag, facet, video, collection, (query, above, below))
        _list(context, opened, filters, limit, after)


def _deciding(name: str, verdict: Literal["accepted", "rejected", "unsure"], short: str) -> None:
    @app.command(name, short_help=f"{short}.")
    def decide(
        pair: PairArgument = None,
        tag: TagOption = None,
        facet: FacetOption = None,
        video: VideoOption = None,
        collection: CollectionOption = None,
        query: QueryOption = None,
        above: AboveOption = None,
        below: BelowOption = None,
        dry_run: DryOption = False,
        library: LibraryOption = None,
        profile: ProfileOption = None,
        as_json: JsonOption = False,
        config: ConfigOption = None,
    ) -> None:
        with command_context(library, profile, as_json, config) as context, context.library() as opened:
            filters = filter_of(opened, tag, facet, video, collection, (query, above, below))
            _decide(context, opened, verdict, pair or [], filters, dry_run)

    decide.__doc__ = f"""{short}: tags of one video, or all that waits and is meant, in one step.

    \b
    Example: kinodex review {name} holiday.mp4 dog
             kinodex review {name} --tag dog --above 0.9 --dry-run
    """


for _name, _verdict, _short in (
    ("accept", "accepted", "Say that tags fit"),
    ("reject", "rejected", "Say that tags do not fit"),
    ("unsure", "unsure", "Say that you cannot tell; you are not asked again"),
):
    _deciding(_name, _verdict, _short)  # type: ignore[arg-type]


@app.command("undo", short_help="Take decisions back.")
def undo(
    step: Annotated[
        str | None, typer.Argument(metavar="STEP", help="What to take back (default: the newest step).")
    ] = None,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Take back what was decided in one step: everything is as it was before.

    \b
    Example: kinodex review undo
    """
    from kinodex.cli.review import render
    from kinodex.views.tags import reviewing

    with command_context(library, profile, as_json, config) as context:
        with context.library() as opened:
            document = reviewing.undo(_view(opened), step)
        context.show(document.payload(), lambda out: render.undone(out, document))


@app.command("history", short_help="Show who decided what.")
def history(
    video: Annotated[str | None, typer.Argument(metavar="VIDEO", help="Id, path or name (default: all).")] = None,
    tag: TagOption = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=10_000, help="Show at most N.")] = 100,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show what people decided, the newest first, with what was taken back.

    \b
    Example: kinodex review history holiday.mp4
    """
    from kinodex.cli.review import render
    from kinodex.views.search import names_of
    from kinodex.views.tags import reviewing

    with command_context(library, profile, as_json, config) as context:
        with context.library() as opened:
            view, tag_id = _view(opened), tag_of(opened, tag) if tag else None
            document = reviewing.history(view, opened.resolve(video) if video else None, tag_id, limit)
            names = names_of(view, {one.video_id for one in document.reviews})
        context.show(document.payload(), lambda out: render.history(out, document, names))


@app.command("export", short_help="Write all reviews as JSON Lines.")
def export_reviews(
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="Where to write (default: stdout).")] = None,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Write all that people decided and took back, an event a line, for another copy of this library.

    \b
    Example: kinodex review export reviews.jsonl
    """
    from kinodex.schemas.api.tags import ReviewExported
    from kinodex.views.tags.review_exchange import export_events
    from stores.sql.faults import storage_faults

    with command_context(library, profile, as_json, config) as context, context.library() as opened:
        lines = (one.payload() for one in export_events(_view(opened)))
        if file is None:
            for line in lines:
                print(to_json(line, ascii_only=True, one_line=True), file=context.out)
            return
        with storage_faults(f"Writing {file}"), file.open("w", encoding="utf-8") as out:
            document = ReviewExported(events=_written(lines, out))
        context.show(document.payload(), lambda shown: shown.print(f"{document.events:,} reviews written"))


@app.command("import", short_help="Bring in the reviews of another copy.")
def import_reviews(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `kinodex review export` wrote.")],
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Bring in what people decided in another copy of this library.

    It does not matter which copy brings in the other, in which order, or how often: in the end the same counts in
    both. Of two decisions about the same tag of the same video the newer one counts.

    \b
    Example: kinodex review import reviews.jsonl
    """
    from kinodex.cli.review import render
    from kinodex.views.tags.review_exchange import import_events, read_events
    from stores.core.errors import UsageError

    with command_context(library, profile, as_json, config) as context:
        with context.library() as opened:
            try:
                with file.open(encoding="utf-8") as lines:
                    for _ in read_events(lines):  # all of them are looked at before the first one counts
                        pass
                    lines.seek(0)
                    document = import_events(_view(opened), read_events(lines))
            except (OSError, UnicodeDecodeError) as error:
                reason = getattr(error, "strerror", None) or "it is no text in UTF-8"
                raise UsageError("FILE_UNREADABLE", f"{file} cannot be read: {reason}.") from None
        context.show(document.payload(), lambda out: render.merged(out, document))


def _list(context: CommandContext, opened: Library, filters: ReviewFilter, limit: int, after: str | None) -> None:
    from kinodex.cli.review import render
    from kinodex.views.tags import reviewing

    page = reviewing.queue(_view(opened), limit, filters, after)
    words = (*words_of(filters), "--limit", str(limit), "--after", page.next or "")
    more = context.settings.command("review", "list", *words)
    context.show(page.payload(), lambda out: render.page(out, page, more if page.next else ""))


def _decide(
    context: CommandContext, opened: Library, verdict: Any, pair: list[str], filters: ReviewFilter, dry_run: bool
) -> None:
    from kinodex.cli.review import render
    from kinodex.schemas.api.tags import DecidedTogether, UndoneDecision, VerdictRequest
    from kinodex.views.tags import reviewing
    from kinodex.views.tags.reviewing import ReviewFilter
    from stores.core.errors import UsageError

    view = _view(opened)
    if pair and (len(pair) < 2 or filters != ReviewFilter()):
        hint = "Name one video and its tags, or use options such as --tag and --above (not both)."
        raise UsageError("USAGE", "It is not clear what is decided.", hint)
    if pair:
        video_id, tag_ids = opened.resolve(pair[0]), dict.fromkeys(tag_of(opened, one) for one in pair[1:])
        asked = [VerdictRequest(video_id=video_id, tag_id=one, verdict=verdict) for one in tag_ids]
        step = "" if dry_run else reviewing.decide(view, asked).undo
        made = [UndoneDecision(video_id=video_id, tag_id=one) for one in tag_ids]
        document = DecidedTogether(verdict=verdict, decisions=made, undo=step)
    else:
        document = reviewing.decide_waiting(view, filters, verdict, dry_run)
    undo = context.settings.command("review", "undo", document.undo)
    context.show(document.payload(), lambda out: render.decided(out, document, undo))


def _sit(context: CommandContext, opened: Library, filters: ReviewFilter) -> None:
    from kinodex.cli.review import render, sitting

    out = console(context.out)
    with sitting.keys() as key:
        verdicts = sitting.sit(_view(opened), filters, out, key)
    render.session(out, verdicts)


def _view(opened: Library) -> LibraryView:
    from kinodex.views.library_view import LibraryView
    from stores.core.principal import OWNER

    return LibraryView(opened, OWNER)


def _written(lines: Iterable[object], out: Any) -> int:
    count = 0
    for line in lines:
        print(to_json(line, ascii_only=True, one_line=True), file=out)
        count += 1
    return count
