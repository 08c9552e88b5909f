"""`kinodex doctor`: whether everything is in place, and what to do if not."""

from __future__ import annotations

import typer

from kinodex.cli.context import (
    EXIT_FAILED,
    ConfigOption,
    DeviceOption,
    JsonOption,
    LibraryOption,
    ProfileOption,
    command_context,
)


def doctor(
    library: LibraryOption = None,
    profile: ProfileOption = None,
    device: DeviceOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Check Python, packages, weights, device, settings, disk, the library, its servers, the language model and Ray.

    Says what to do about each problem.

    \b
    Example: kinodex doctor
    Exit:    1 if something that is needed is missing
    """
    from kinodex.cli.render import results as render
    from kinodex.usecases.doctor import doctor as check

    with command_context(library, profile, as_json, config, device=device) as context:
        found = check(context.settings)
        payload = found.payload()
        context.show(payload, lambda console: render.doctor(console, payload))
    if found.failed:
        raise typer.Exit(EXIT_FAILED)
