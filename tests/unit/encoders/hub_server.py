"""A small Hugging Face hub on this machine: it speaks as much of the protocol as a download needs."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import metadata
from pathlib import Path
from urllib.parse import unquote

import huggingface_hub
import pytest

COMMIT = "0123456789abcdef0123456789abcdef01234567"
HEAD = "89abcdef0123456789abcdef0123456789abcdef"  # what the branch main is at
REPOSITORY = "owner/tiny"
WEIGHTS = bytes(range(256)) * 300
CONFIG = b'{"hidden_size": 4}\n'


class Hub(ThreadingHTTPServer):
    """One repository, or several. Files that end in .safetensors are large: the hub sends askers to another host.

    Attributes:
        files: content by path, of `REPOSITORY`.
        others: the same of further repositories, by their names.
        commits: commit by revision that may be asked for.
        sent: paths whose content was asked for, in order; of `others` with the repository in front.
        manner: ``well``, or what goes wrong with large files: ``short`` (less than was said), ``stall`` (stops in the
            middle), ``other`` (other bytes of the same length), ``refused`` (401).
        stalled: set once a stalling answer has begun.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files = {"model.safetensors": WEIGHTS, "config.json": CONFIG, "text/vocab.txt": b"a\nb\n"}
        self.others: dict[str, dict[str, bytes]] = {}
        self.commits = {COMMIT: COMMIT, "v1.0": COMMIT, HEAD: HEAD, "main": HEAD}
        self.sent: list[str] = []
        self.manner = "well"
        self.stalled, self.over = threading.Event(), threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Hub

    def do_HEAD(self) -> None:
        self._answer(with_content=False)

    def do_GET(self) -> None:
        self._answer(with_content=True)

    def _answer(self, with_content: bool) -> None:
        hub, path = self.server, unquote(self.path)
        start, _, rest = path.removeprefix("/cdn").partition("/resolve/")
        revision, _, name = rest.partition("/")
        repository = start.removeprefix("/")
        files = hub.files if repository == REPOSITORY else hub.others.get(repository)
        if path.startswith("/cdn/") and files is not None:
            self._send(repository, name, files[name], with_content, {})
            return
        if hub.manner == "refused":
            self._end(401, {"X-Error-Code": "GatedRepo"})
        elif files is None or revision not in hub.commits:
            self._end(404, {"X-Error-Code": "RepoNotFound"})
        elif name not in files:
            self._end(404, {"X-Error-Code": "EntryNotFound"})
        elif name.endswith(".safetensors"):
            content = files[name]
            linked = {
                "X-Repo-Commit": hub.commits[revision],
                "X-Linked-Etag": f'"{hashlib.sha256(content).hexdigest()}"',
                "X-Linked-Size": str(len(content)),
                "Location": f"http://localhost:{hub.server_port}/cdn{path}",
            }
            self._end(302, linked)
        else:
            content = files[name]
            tag = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
            self._send(
                repository, name, content, with_content, {"X-Repo-Commit": hub.commits[revision], "ETag": f'"{tag}"'}
            )

    def _send(self, repository: str, name: str, content: bytes, with_content: bool, headers: dict[str, str]) -> None:
        hub, large = self.server, name.endswith(".safetensors")
        if large and hub.manner == "short":
            content = content[: len(content) // 2]
        if large and hub.manner == "other":
            content = content[::-1]
        self.send_response(200)
        for key, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(key, value)
        self.end_headers()
        if not with_content:
            return
        hub.sent.append(name if repository == REPOSITORY else f"{repository}/{name}")
        if large and hub.manner == "stall":
            self.wfile.write(content[: len(content) // 2])
            self.wfile.flush()
            hub.stalled.set()
            hub.over.wait(60)
            return
        self.wfile.write(content)

    def _end(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for key, value in {**headers, "Content-Length": "0"}.items():
            self.send_header(key, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def serving() -> Iterator[Hub]:
    """A hub that answers until the block ends."""
    with Hub() as hub:
        thread = threading.Thread(target=hub.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield hub
        finally:
            hub.over.set()
            hub.shutdown()
            thread.join()


@contextmanager
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub that is the one that this process and its children ask."""
    for name in ("KINODEX_OFFLINE", "HF_HUB_OFFLINE", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with serving() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.setenv(name, "127.0.0.1,localhost")
        # huggingface_hub reads its environment when it is imported, which another test may have done.
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", hub.url)
        template = hub.url + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", template)
        huggingface_hub.close_session()
        yield hub
        huggingface_hub.close_session()


def file_table(role: str, path: str, revision: str = COMMIT, sha256: str | None = None) -> str:
    """One file of a model, as a registry file has it."""
    pinned = "" if sha256 is None else f'sha256 = "{sha256}"\n'
    return f'[[models.tiny.files]]\nrole = "{role}"\nsource = "hf:{REPOSITORY}@{revision}/{path}"\n{pinned}'


FILES = file_table("weights", "model.safetensors") + file_table("config", "config.json")


TASKS = ("image", "text", "speech", "voice", "reader", "detector")
_MODEL = """
[models.{name}]
task = "{task}"
loader = "{loader}"
licence = "MIT"
dim = 0
revision = "{revision}"
preprocessing = {{}}
citation = "nobody 2026"
limits = "Can do nothing."
{files}
"""


def packaged_file(model: str) -> tuple[str, str]:
    """A file of a model inside some package that is installed everywhere, and its sha256."""
    path = Path(str(metadata.distribution("threadpoolctl").locate_file("threadpoolctl.py")))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    source = "pip:threadpoolctl==3/threadpoolctl.py"
    return f'[[models.{model}.files]]\nrole = "weights"\nsource = "{source}"\nsha256 = "{digest}"\n', digest


def write_registry(
    path: Path, files: str = FILES, revision: str = COMMIT[:8], loader: str = "encoders.adapters.silero:load"
) -> Path:
    """A registry file with the profile ``small``: ``tiny`` for voices, and packaged models for all other tasks."""
    names = {task: "tiny" if task == "voice" else f"packaged-{task}" for task in TASKS}
    text = _MODEL.format(name="tiny", task="voice", loader=loader, revision=revision, files=files)
    for task, name in names.items():
        if name != "tiny":
            packaged, digest = packaged_file(name)
            text += _MODEL.format(name=name, task=task, loader=loader, revision=digest[:8], files=packaged)
    text += "[profiles.small]\n" + "".join(f'{task} = "{name}"\n' for task, name in names.items())
    path.write_text(text, encoding="utf-8")
    return path
