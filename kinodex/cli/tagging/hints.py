"""`kinodex products` and `kinodex searches`: what the owner knows of videos besides their content."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kinodex.cli.context import ConfigOption, JsonOption, LibraryOption, command_context
from kinodex.cli.parsing import Commands

products = Commands(help="Attach products to videos; tags are recalled by them.")
searches = Commands(help="Searches that led to videos; tags are recalled by them.")


@products.command("import", short_help="Attach the products of a CSV or JSON file.")
def import_products(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Columns video, product_id, title, category, attributes.")
    ],
    library: LibraryOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Attach products to videos, from a CSV file with a header or from JSON. A known product gets its new words.

    Levels of a category are separated by >, attributes are written name=value and separated by semicolons; other
    columns are attributes, too.

    \b
    Example: kinodex products import shop.csv
    """
    from kinodex.cli.render import tagging as render
    from kinodex.usecases.tagging import hints

    with command_context(library, None, as_json, config) as context:
        with context.library() as opened:
            payload = hints.import_products(opened.store, file).payload()
        context.show(payload, lambda console: render.products(console, payload))


@products.command("clear", short_help="Remove all products.")
def clear_products(library: LibraryOption = None, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Remove all products from the library. Tags change when videos are tagged the next time.

    \b
    Example: kinodex products clear
    """
    from kinodex.cli.render import tagging as render
    from kinodex.usecases.tagging import hints

    with command_context(library, None, as_json, config) as context:
        with context.library() as opened:
            payload = hints.forget_products(opened.store).payload()
        context.show(payload, lambda console: render.forgotten(console, payload, "products"))


@searches.command("import", short_help="Add the searches of a CSV or JSON file.")
def import_searches(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Columns query, video, clicks.")],
    library: LibraryOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Add to how often searches led to videos, from a CSV file with a header or from JSON.

    \b
    Example: kinodex searches import clicks.csv
    """
    from kinodex.cli.render import tagging as render
    from kinodex.usecases.tagging import hints

    with command_context(library, None, as_json, config) as context:
        with context.library() as opened:
            payload = hints.import_searches(opened.store, file).payload()
        context.show(payload, lambda console: render.searches_imported(console, payload))


@searches.command("show", short_help="Show how many searches are kept.")
def show_searches(library: LibraryOption = None, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Show how many openings after a search are kept, and whether this library's own searches are noted.

    They are noted, in this library only, when somebody who sees all of it searches in the app or through the API and
    opens a video of the results. Not who it was. To switch it off: log_searches = false in [tagging] of the settings.

    \b
    Example: kinodex searches show
    """
    from kinodex.cli.render import tagging as render
    from kinodex.usecases.tagging import hints

    with command_context(library, None, as_json, config) as context:
        with context.library() as opened:
            payload = hints.searches(opened.store, opened.settings).payload()
        context.show(payload, lambda console: render.searches(console, payload))


@searches.command("clear", short_help="Forget all searches.")
def clear_searches(library: LibraryOption = None, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Forget all searches, imported and noted.

    \b
    Example: kinodex searches clear
    """
    from kinodex.cli.render import tagging as render
    from kinodex.usecases.tagging import hints

    with command_context(library, None, as_json, config) as context:
        with context.library() as opened:
            payload = hints.forget_searches(opened.store).payload()
        context.show(payload, lambda console: render.forgotten(console, payload, "searches"))
