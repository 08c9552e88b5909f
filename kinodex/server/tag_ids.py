"""Ids of tags in addresses: those of a thesaurus are URIs, so a slash may be part of an id."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from starlette.convertors import Convertor, register_url_convertor

from kinodex.views import urls

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

TAG_ID = "{tag_id:tag}"
"""The id of a tag in the path of a route."""

_UNDER = f"{urls.API}/tags/"
_KEPT = re.compile(rb"%(?=25|2[fF])")


class TagIds:
    """Has a slash that is written ``%2F`` stay so in paths of tags until a route is found, not part the path."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "http" and scope["path"].startswith(_UNDER) and scope.get("raw_path"):
            scope = {**scope, "path": unquote(_KEPT.sub(b"%25", scope["raw_path"]).decode("latin-1"))}
        await self._app(scope, receive, send)


class _TagId(Convertor[str]):
    regex = "[^/]+"

    def convert(self, value: str) -> str:
        return re.sub("%2[fF]", "/", value).replace("%25", "%")

    def to_string(self, value: str) -> str:
        return value.replace("%", "%25").replace("/", "%2F")


register_url_convertor("tag", _TagId())
