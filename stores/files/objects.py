"""Files of an object store through fsspec, without stale listings and with coded errors.

An object becomes visible only when it was uploaded completely, so a write needs no temporary name.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import fsspec

from stores.core.errors import StoreError, UsageError
from stores.core.places import masked
from stores.sql.faults import storage_faults

_S3_OPTIONS = {"config_kwargs": {"connect_timeout": 10, "read_timeout": 30, "retries": {"max_attempts": 1}}}
"""Seconds; s3fs retries a failed request by itself. Source: our choice: an outage is noticed within two minutes."""

_S3_TRIES = 2
_AWAY = {errno.EBUSY, errno.EIO, errno.EREMOTEIO, errno.ECONNREFUSED, errno.ECONNRESET, errno.ETIMEDOUT}
_WRONG = {errno.EINVAL, getattr(errno, "EREMCHG", errno.EINVAL)}
_AWAY_TYPES = {"botocore.ConnectionError", "botocore.HTTPClientError", "aiohttp.ClientError"}
_NO_KEY_TYPES = {"botocore.NoCredentialsError", "botocore.PartialCredentialsError", "botocore.TokenRetrievalError"}


class ObjectFiles:
    """The objects under one URL. Safe to use from several threads, and in a forked process.

    Args:
        url: fsspec URL such as ``s3://bucket/prefix``.
        options: what fsspec's file system is opened with.

    Raises:
        UsageError: SETTINGS_INVALID if there is no file system for the URL.
    """

    def __init__(self, url: str, options: Mapping[str, Any]) -> None:
        self.url = url.rstrip("/")
        self._options = dict(options)
        self._lock = threading.Lock()
        self._opened: tuple[int, Any] = (-1, None)
        with self._faults("Opening"):
            self.root = str(fsspec.core.url_to_fs(self.url, **self._all_options())[1])

    def write(self, path: str, data: bytes) -> None:
        """Writes one object.

        Raises:
            StoreError: BLOB_STORE_UNREACHABLE, LIBRARY_READ_ONLY if the key may not write.
            UsageError: SETTINGS_INVALID if the bucket does not exist or no key is given.
        """
        with self._faults("Writing"):
            try:
                self._files.pipe_file(path, data)
            except FileNotFoundError as error:
                raise self._no_bucket() from error

    def read(self, path: str) -> bytes | None:
        """The bytes of one object, None if it does not exist.

        Raises:
            StoreError, UsageError: as `write`.
        """
        with self._faults("Reading"):
            try:
                data: bytes = self._files.cat_file(path)
            except FileNotFoundError as error:
                if "bucket does not exist" in str(error):
                    raise self._no_bucket() from error
                return None
        return data

    def upload(self, path: str, file: Path) -> None:
        """Writes one object, however large, from a file.

        Raises:
            StoreError, UsageError: as `write`.
        """
        with self._faults("Writing"):
            try:
                self._files.put_file(str(file), path)
            except FileNotFoundError as error:
                raise self._no_bucket() from error

    def download(self, path: str, file: Path) -> bool:
        """Writes one object, however large, into a file; False if it does not exist.

        Raises:
            StoreError, UsageError: as `write`.
        """
        with self._faults("Reading"):
            try:
                self._files.get_file(path, str(file))
            except FileNotFoundError as error:
                if "bucket does not exist" in str(error):
                    raise self._no_bucket() from error
                return False
        return True

    def exists(self, path: str) -> bool:
        """Whether the object exists.

        Raises:
            StoreError, UsageError: as `write`.
        """
        with self._faults("Looking at"):
            return bool(self._files.exists(path))

    def details(self, path: str) -> Mapping[str, Any] | None:
        """As in `found`, of one object; None if it does not exist.

        Raises:
            StoreError, UsageError: as `write`.
        """
        with self._faults("Looking at"):
            try:
                about: dict[str, Any] = self._files.info(path)
            except FileNotFoundError as error:
                if "bucket does not exist" in str(error):
                    raise self._no_bucket() from error
                return None
        return about

    def delete(self, path: str) -> None:
        """Removes one object; no error if it does not exist.

        Raises:
            StoreError, UsageError: as `write`.
        """
        with self._faults("Deleting in"):
            try:
                self._files.rm_file(path)
            except FileNotFoundError:
                return

    def found(self, folder: str) -> dict[str, Mapping[str, Any]]:
        """Path to details (``size``) of every object below ``folder``.

        Raises:
            StoreError, UsageError: as `write`.
        """
        with self._faults("Listing"):
            self._files.invalidate_cache()
            try:
                listed: dict[str, Mapping[str, Any]] = self._files.find(folder, detail=True)
            except FileNotFoundError as error:
                if "bucket does not exist" in str(error):
                    raise self._no_bucket() from error
                return {}
        return listed

    def uri(self, path: str) -> str:
        """The object's URL."""
        return str(self._files.unstrip_protocol(path))

    def close(self) -> None:
        """Closes the connections. They are opened again when the store is used again."""
        with self._lock:
            (owner, files), self._opened = self._opened, (-1, None)
        client = getattr(files, "_s3creator", None)
        if owner == os.getpid() and client is not None:
            files.close_session(files.loop, client)

    @property
    def _files(self) -> Any:
        with self._lock:
            # The event loop of s3fs does not survive a fork.
            if self._opened[0] != os.getpid():
                files, _ = fsspec.core.url_to_fs(self.url, **self._all_options())
                if self._is_s3():
                    files.retries = _S3_TRIES
                self._opened = os.getpid(), files
            return self._opened[1]

    def _all_options(self) -> dict[str, Any]:
        defaults: dict[str, Any] = {"skip_instance_cache": True, "use_listings_cache": False}
        return {**defaults, **(_S3_OPTIONS if self._is_s3() else {}), **self._options}

    def _is_s3(self) -> bool:
        return self.url.partition(":")[0] in ("s3", "s3a")

    @contextmanager
    def _faults(self, doing: str) -> Iterator[None]:
        name = masked(self.url)
        try:
            with storage_faults(f"{doing} {name}"):
                yield
        except Exception as error:
            kinds = {f"{kind.__module__.partition('.')[0]}.{kind.__name__}" for kind in type(error).__mro__}
            number = getattr(error, "errno", None)
            if kinds & _AWAY_TYPES or number in _AWAY or isinstance(error, (ConnectionError, TimeoutError)):
                raise _away(name, error) from error
            if isinstance(error, PermissionError):
                message = f"{doing} {name}: the object store refused it: {error}."
                raise StoreError("LIBRARY_READ_ONLY", message, "Check the key and its rights.") from error
            if kinds & _NO_KEY_TYPES:
                hint = "Set blob_options.key and .secret, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
                raise UsageError("SETTINGS_INVALID", f"There is no key for {name}: {error}.", hint) from error
            if number in _WRONG or isinstance(error, (ImportError, ValueError)):
                hint = "Correct blobs and blob_options in the settings; `s3://` needs pip install 'kinodex[servers]'."
                raise UsageError("SETTINGS_INVALID", f"{doing} {name}: {masked(str(error))}.", hint) from error
            raise

    def _no_bucket(self) -> UsageError:
        message = f"The bucket of {masked(self.url)} does not exist."
        return UsageError("SETTINGS_INVALID", message, "Create it, or correct blobs and blob_options in the settings.")


def modified(details: Mapping[str, Any]) -> float:
    """The time of last modification of a listed file, in seconds since the epoch; 0.0 if unknown."""
    if "mtime" in details:
        return float(details["mtime"])
    last = details.get("LastModified")
    return last.timestamp() if isinstance(last, datetime) else 0.0


def _away(name: str, error: Exception) -> StoreError:
    message = f"The object store of {name} cannot be reached: {masked(str(error)) or type(error).__name__}."
    return StoreError(
        "BLOB_STORE_UNREACHABLE", message, "Start the server or fix the network, then run the same command again."
    )
