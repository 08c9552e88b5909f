"""`kinodex search`: find moments."""

from __future__ import annotations

from typing import Annotated

import typer

from kinodex.door import ConfigOption, JsonOption, LibraryOption, ProfileOption, door


def search(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="What you look for, in any language.")],
    k: Annotated[int, typer.Option("-k", min=1, help="How many moments.")] = 10,
    duplicates: Annotated[
        bool, typer.Option("--duplicates", help="Show near-duplicates, too: moments with the same pictures.")
    ] = False,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Find the moments that show, say or display QUERY.

    "No match" means that the indexed videos hold nothing like it; what is not indexed yet is counted apart.
    A moment that is in several places, re-encoded or cut, is one result, with a remark on the others.

    \b
    Example: kinodex search "打鼓的人" -k 5
    """
    from kinodex import payloads, render

    with door(library, profile, as_json, config) as here:
        with here.library() as opened:
            payload = payloads.search(opened.search(query, k=k, duplicates=duplicates), payloads.places(opened))
        here.show(payload, lambda console: render.search(console, payload))
