"""`kinodex serve`: the web app and the HTTP API."""

from __future__ import annotations

from typing import Annotated

import typer

from kinodex.cli.context import (
    ConfigOption,
    DeviceOption,
    JsonOption,
    LibraryOption,
    ProfileOption,
    command_context,
    waits_for_library,
)


def serve(
    host: Annotated[
        str | None, typer.Option("--host", metavar="ADDRESS", help="Address to serve at (default 127.0.0.1).")
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", min=0, max=65535, metavar="N", help="Port (default 8730; 0: a free one).")
    ] = None,
    open_browser: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    device: DeviceOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Open the library to browsers and programs of this machine, until Ctrl-C.

    Other machines are let in only with access control on. An ingest may run meanwhile, here or elsewhere.

    \b
    Example: kinodex serve --open
             kinodex serve --library demo-library --port 9000
    """
    import webbrowser

    from kinodex.library import Library
    from kinodex.server.running import serve as run

    with command_context(library, profile, as_json, config, device=device) as context:
        settings = context.settings
        given = {"host": host, "port": port}
        chosen = settings.server.model_copy(update={key: one for key, one in given.items() if one is not None})
        create = waits_for_library(settings)
        with Library(settings.model_copy(update={"server": chosen}), create) as opened:

            def ready(url: str) -> None:
                context.show_line(
                    {"url": url}, lambda console: console.print(f"Kinodex is at {url} (Ctrl-C ends it)", soft_wrap=True)
                )
                if open_browser:
                    webbrowser.open(url)

            run(opened, ready)
