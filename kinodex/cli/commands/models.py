"""`kinodex models`: the models, their limits, and their weights on this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from kinodex.cli.context import EXIT_FAILED, ConfigOption, JsonOption, LibraryOption, ProfileOption, command_context
from kinodex.cli.parsing import Commands

app = Commands(no_args_is_help=False)

NameArgument = Annotated[
    str | None, typer.Argument(metavar="NAME", help="A model, as listed by `kinodex models`.", show_default=False)
]


@app.callback(invoke_without_command=True)
def models(
    invoked: typer.Context,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show the models of the profile: task, licence, source of the weights, whether they are intact, limits.

    Nothing is downloaded: `kinodex models pull` does that, and so does the first use of a model. A model whose commit
    the registry leaves open shows the revision `?` until it is pulled.

    \b
    Example: kinodex models
             kinodex models --profile standard
             kinodex models pull
             kinodex models verify
    """
    if invoked.invoked_subcommand is not None:
        if library or profile or as_json or config:
            raise typer.BadParameter(f"options go after the command: kinodex models {invoked.invoked_subcommand} …")
        return
    from kinodex.cli.render import results as render
    from kinodex.usecases.models import models as listed

    with command_context(library, profile, as_json, config) as context:
        payload = listed(context.settings).payload()
        context.show(payload, lambda console: render.models(console, payload))


@app.command("pull", short_help="Download the weights.")
def pull(
    name: NameArgument = None,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Download the weights of the model NAME, or of all models of the profile, from the Hugging Face hub.

    Files that are present and intact are not downloaded again; altered ones are. The weights go to the folders `hub`
    and `packages` of the cache (KINODEX_CACHE), which can be copied to machines without a network; with
    KINODEX_OFFLINE=1 nothing is ever downloaded. Weights inside installed packages are only verified.

    Where the registry leaves the commit of a repository open, the first pull pins it and says so: this machine keeps
    to that commit, and so does every machine that the folder is copied to.

    \b
    Example: kinodex models pull --profile standard
             kinodex models pull whisper-small
    Exit:    1 if a file cannot be downloaded, or is not what it should be
    """
    from kinodex.cli.render import results as render
    from kinodex.usecases.models import pull as fetch

    with command_context(library, profile, as_json, config) as context:
        payload = fetch(context.settings, name, profile).payload()
        context.show(payload, lambda console: render.pulled(console, payload))


@app.command("verify", short_help="Check the weights against their hashes.")
def verify(
    name: NameArgument = None,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Check every file of the model NAME against its sha256; without NAME, of all models, or of those of --profile.

    Files are always read again, whatever earlier checks found. To repair altered files, run `kinodex models pull` for
    those from the hub, and reinstall the package for those from a package.

    \b
    Example: kinodex models verify
             kinodex models verify whisper-base --json
    Exit:    0 nothing is altered, though weights may be missing;
             1 something is altered
    """
    from kinodex.cli.render import results as render
    from kinodex.usecases.models import verify as check

    with command_context(library, profile, as_json, config) as context:
        found = check(context.settings, name, profile)
        payload = found.payload()
        context.show(payload, lambda console: render.verified_models(console, payload))
    if found.altered:
        raise typer.Exit(EXIT_FAILED)
