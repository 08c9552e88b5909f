"""`kinodex mcp`: the library for an assistant that starts this command."""

from __future__ import annotations

import logging
import sys
from contextlib import redirect_stdout

from kinodex.cli.context import ConfigOption, DeviceOption, LibraryOption, ProfileOption, command_context


def mcp(
    library: LibraryOption = None,
    profile: ProfileOption = None,
    device: DeviceOption = None,
    config: ConfigOption = None,
) -> None:
    """Speak the Model Context Protocol on standard input and output, for an assistant that starts this command.

    A running `kinodex serve` speaks it at /mcp, too.

    \b
    Example: in the settings of an assistant:  {"command": "kinodex", "args": ["mcp", "--library", "/path/to/library"]}
    """
    from kinodex.mcp.server import run_stdio

    with command_context(library, profile, as_json=False, config=config, device=device) as context:
        logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(message)s")
        # Standard output is the protocol's alone.
        with context.library() as opened, redirect_stdout(context.out):
            run_stdio(opened)
