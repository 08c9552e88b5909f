"""`kinodex models`: which models look and listen, and what they cannot do."""

from __future__ import annotations

from kinodex.door import ConfigOption, JsonOption, LibraryOption, ProfileOption, door


def models(
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show the profile's models: task, licence, where the weights come from, whether they are intact, limits.

    \b
    Example: kinodex models
    """
    from encoders.registry import Registry
    from encoders.types import WeightsError
    from kinodex import render

    with door(library, profile, as_json, config) as here:
        registry = Registry.load()
        names = registry.profile(here.settings.profile)
        listed = []
        for task, name in names.items():
            spec = registry.spec(name)
            problem = ""
            try:
                registry.locate(name)
            except WeightsError as error:
                problem = f"{error.message} {error.hint}".strip()
            listed.append(
                {
                    "task": task,
                    "name": name,
                    "revision": spec.revision,
                    "licence": spec.licence,
                    "dim": spec.dim,
                    "sources": sorted({f"{file.requirement} ({file.path})" for file in spec.files}),
                    "verified": not problem,
                    "problem": problem,
                    "limits": spec.limits,
                    "citation": spec.citation,
                }
            )
        payload = {"profile": here.settings.profile, "models": listed}
        here.show(payload, lambda console: render.models(console, payload))
