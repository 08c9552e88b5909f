"""Random tokens of sessions and keys, and signatures of urls.

A token has 256 random bits, so that one fast hash keeps it safe at rest: nobody can try all of them.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

KEY_PREFIX = "kx_"
"""Every API key begins so: secret scanners and people recognise one that lies about."""

_BYTES = 32  # 256 bits


def new_session() -> str:
    """The token of a new session."""
    return secrets.token_urlsafe(_BYTES)


def new_key() -> str:
    """A new API key."""
    return KEY_PREFIX + secrets.token_urlsafe(_BYTES)


def sha256(token: str) -> str:
    """What is stored of a token."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def signature(secret: str, *parts: str) -> str:
    """HMAC-SHA-256 over parts, none of which may hold a line break."""
    return hmac.new(secret.encode(), "\n".join(parts).encode(errors="replace"), hashlib.sha256).hexdigest()


def same(one: str, other: str) -> bool:
    """Whether two signatures are equal, in constant time."""
    return hmac.compare_digest(one.encode(errors="replace"), other.encode(errors="replace"))
