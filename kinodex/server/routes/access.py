"""Who asks, logging in and out, users and API keys."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from kinodex.schemas.api import access as schema
from kinodex.server.asking import COOKIE, Viewed, drop_session, set_session
from kinodex.views import access, accounts
from stores.core.principal import Scope

router = APIRouter(tags=["access"])

Name = Annotated[str, Field(min_length=1, max_length=200)]
Password = Annotated[SecretStr, Field(max_length=1024)]


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class Login(_Asked):
    """Name and password of a user."""

    name: Name
    password: Password


class PasswordChange(_Asked):
    """The password until now and the next one."""

    old: Password
    new: Password


class NewUser(_Asked):
    """An account to be made."""

    name: Name
    password: Password
    scopes: list[Scope] = Field(default=["read", "chat", "review", "edit"], max_length=6)
    everything: bool = False


class UserChange(_Asked):
    """What is to become of an account; what is left out stays."""

    scopes: list[Scope] | None = Field(default=None, max_length=6)
    everything: bool | None = None
    password: Password | None = None


class NewKey(_Asked):
    """A key to be made; ``collections``: the only ones it sees; ``user``: whose, "" for the own."""

    name: Name
    scopes: list[Scope] = Field(default=["read"], max_length=6)
    days: float | None = Field(default=None, gt=0, le=36_500)
    collections: list[Name] | None = Field(default=None, max_length=1_000)
    user: str = Field(default="", max_length=200)


class SignedFor(_Asked):
    """Media of a video: the path below it, such as ``media``, ``proxy/media`` or ``thumbnails/3.jpg``."""

    path: Annotated[str, Field(max_length=300)]


def _problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    said = {401: "Not logged in", 403: "Not allowed", 404: "Not there", 409: "In conflict", 429: "Too often"}
    return {status: {"description": said[status]} for status in statuses}


@router.get("/me", responses=_problems(401))
def get_me(view: Viewed) -> schema.MeDocument:
    """Who asks, and what that one may do."""
    return access.me(view)


@router.post("/login", responses=_problems(401, 409, 429))
def log_in(asked: Login, request: Request, response: Response) -> schema.MeDocument:
    """Log in: the answer sets the cookie of a session."""
    me, token, seconds = access.log_in(request.app.state.library, asked.name, asked.password.get_secret_value())
    set_session(request, response, token, seconds)
    return me


@router.post("/logout", status_code=204)
def log_out(request: Request, response: Response) -> None:
    """Log out: the session is over, here and everywhere."""
    token = request.cookies.get(COOKIE, "")
    if token:
        access.log_out(request.app.state.library, token)
    drop_session(request, response)


@router.post("/me/password", responses=_problems(401, 403, 429))
def change_own_password(asked: PasswordChange, view: Viewed, request: Request, response: Response) -> schema.MeDocument:
    """Change the own password; all other sessions end."""
    old, new = asked.old.get_secret_value(), asked.new.get_secret_value()
    me, token, seconds = access.change_own_password(view, old, new)
    set_session(request, response, token, seconds)
    return me


@router.get("/users", responses=_problems(401, 403))
def get_users(view: Viewed) -> schema.UsersDocument:
    """All users."""
    return accounts.users(view)


@router.post("/users", status_code=201, responses=_problems(401, 403, 409))
def add_user(asked: NewUser, view: Viewed) -> schema.UserDocument:
    """Add a user; the first one turns access control on."""
    secret = asked.password.get_secret_value()
    return accounts.add_user(view, asked.name, secret, asked.scopes, asked.everything)


@router.patch("/users/{user_id}", responses=_problems(401, 403, 404, 409))
def change_user(user_id: str, asked: UserChange, view: Viewed) -> schema.UserDocument:
    """Change what a user may do and see, or its password."""
    password = None if asked.password is None else asked.password.get_secret_value()
    return accounts.change_user(view, user_id, asked.scopes, asked.everything, password)


@router.delete("/users/{user_id}", responses=_problems(401, 403, 404, 409))
def remove_user(user_id: str, view: Viewed) -> schema.UserDocument:
    """Remove a user with its sessions, keys, memberships and conversations."""
    return accounts.remove_user(view, user_id)


@router.get("/keys", responses=_problems(401, 403))
def get_keys(view: Viewed) -> schema.KeysDocument:
    """The own API keys, or all for who manages users; never their secrets."""
    return accounts.keys(view)


@router.post("/keys", status_code=201, responses=_problems(401, 403, 404, 409))
def add_key(asked: NewKey, view: Viewed) -> schema.NewKeyDocument:
    """Make an API key; its secret is in this answer and nowhere else."""
    return accounts.add_key(view, asked.name, asked.scopes, asked.days, asked.collections, asked.user)


@router.delete("/keys/{key_id}", responses=_problems(401, 403, 404))
def remove_key(key_id: str, view: Viewed) -> schema.KeyDocument:
    """Take an API key back."""
    return accounts.remove_key(view, key_id)


@router.post("/videos/{video_id}/signed", responses=_problems(401, 404))
def sign_media(video_id: str, asked: SignedFor, view: Viewed) -> schema.SignedDocument:
    """A url for media of a video that works for five minutes without cookie or key."""
    return access.signed_url(view, video_id, asked.path)
