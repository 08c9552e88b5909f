"""`kinodex models`: which models look and listen, what they cannot do, and their weights on this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from kinodex.cli.context import EXIT_FAILED, ConfigOption, JsonOption, LibraryOption, ProfileOption, command_context

app = typer.Typer(rich_markup_mode=None)

NameArgument = Annotated[
    str | None, typer.Argument(metavar="NAME", help="A model, as `kinodex models` names it.", show_default=False)
]


@app.callback(invoke_without_command=True)
def models(
    invoked: typer.Context,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show the profile's models: task, licence, where the weights come from, whether they are intact, limits.

    Nothing is fetched: `kinodex models pull` does that, and the first use of a model. What the registry leaves open
    shows the revision `?` until it is pulled.

    \b
    Example: kinodex models
             kinodex models --profile standard
             kinodex models pull
             kinodex models verify
    """
    if invoked.invoked_subcommand is not None:
        if library or profile or as_json or config:
            raise typer.BadParameter(f"options stand after the command: kinodex models {invoked.invoked_subcommand} …")
        return
    from kinodex.cli.render import results as render
    from kinodex.usecases.models import models as listed

    with command_context(library, profile, as_json, config) as context:
        payload = listed(context.settings).payload()
        context.show(payload, lambda console: render.models(console, payload))


@app.command("pull", short_help="Fetch weights, so that the rest needs no network.")
def pull(
    name: NameArgument = None,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Fetch the weights of the model NAME, or of all models of the profile, from the Hugging Face hub.

    What is there already and intact is not fetched again; what was altered is. The weights go to the folders `hub` and
    `packages` of the cache (KINODEX_CACHE), which may be copied to machines without network; with KINODEX_OFFLINE=1
    nothing is ever fetched. Weights inside installed packages are only verified.

    Where the registry leaves the commit of a repository open, the first pull settles it and says so: this machine then
    stays with it, and so do all that the folder is copied to.

    \b
    Example: kinodex models pull --profile standard
             kinodex models pull whisper-small
    Exit:    1 if a file cannot be had, or is not what it should be
    """
    from kinodex.cli.render import results as render
    from kinodex.usecases.models import pull as fetch

    with command_context(library, profile, as_json, config) as context:
        payload = fetch(context.settings, name, profile).payload()
        context.show(payload, lambda console: render.pulled(console, payload))


@app.command("verify", short_help="Hash the weights again.")
def verify(
    name: NameArgument = None,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Read every file of the model NAME (left out: of all models, or of those of --profile) and compare its sha256.

    What was found right before is read again. `kinodex models pull` mends altered files of the hub, and installing
    their package again those of packages.

    \b
    Example: kinodex models verify
             kinodex models verify whisper-base --json
    Exit:    0 nothing is altered, though weights may be missing; 1 something is altered
    """
    from kinodex.cli.render import results as render
    from kinodex.usecases.models import verify as check

    with command_context(library, profile, as_json, config) as context:
        found = check(context.settings, name, profile)
        payload = found.payload()
        context.show(payload, lambda console: render.verified_models(console, payload))
    if found.altered:
        raise typer.Exit(EXIT_FAILED)
