"""Repositories, their branches and commits, and who may read them."""

import hashlib
import threading
from dataclasses import dataclass, field
from pathlib import Path

from hub.contents import File, files_in

KEPT_SIZE = 5_000_000
LEGACY_NAMES = {
    "gpt2": "openai-community/gpt2",
    "distilgpt2": "distilbert/distilgpt2",
    "bert-base-uncased": "google-bert/bert-base-uncased",
    "t5-small": "google-t5/t5-small",
}


@dataclass(frozen=True)
class Snapshot:
    """A repository at one commit."""

    commit: str
    files: dict[str, File]

    def is_whole(self) -> bool:
        """Whether every file can still be served."""
        return all(file.is_current() for file in self.files.values())


@dataclass
class Repository:
    """Folders under the names of branches, tags and `refs/pr/<n>`, and the commits that were seen of them.

    The commit is a function of the repository's name and its content, so that editing a file moves the branch.
    """

    name: str
    folders: dict[str, Path] = field(default_factory=dict)
    history: dict[str, Snapshot] = field(default_factory=dict)
    token: str | None = None
    gated: bool = False
    private: bool = False

    def at(self, revision: str) -> Snapshot | None:
        """Return what a branch, a tag or a commit holds now."""
        if revision in self.folders:
            return self._record(self.folders[revision])
        if revision not in self.history:
            for folder in self.folders.values():
                self._record(folder)
        snapshot = self.history.get(revision)
        return snapshot if snapshot and snapshot.is_whole() else None

    def readable_with(self, token: str | None) -> bool:
        """Whether the files may be read."""
        return not (self.gated or self.private) or token == self.token

    def _record(self, folder: Path) -> Snapshot:
        files = files_in(folder)
        commit = _commit_of(self.name, files)
        if commit not in self.history or not self.history[commit].is_whole():
            if sum(file.stamp[2] for file in files) < KEPT_SIZE:
                files = [file.kept() for file in files]
            self.history[commit] = Snapshot(commit, {file.path: file for file in files})
        return self.history[commit]


def _commit_of(name: str, files: list[File]) -> str:
    lines = [name, *(f"{file.blob_id} {file.size} {file.path}" for file in files)]
    return hashlib.sha1("\n".join(lines).encode(), usedforsecurity=False).hexdigest()


class Library:
    """All repositories of one Hub: those in a root folder, and those added in code."""

    def __init__(self, root: Path | None) -> None:
        self.root = root.resolve() if root else None
        self.aliases = dict(LEGACY_NAMES)
        self._repositories: dict[str, Repository] = {}
        self._lock = threading.RLock()

    def add(self, name: str, folder: Path, revision: str = "main") -> None:
        """Let a branch, tag or `refs/pr/<n>` of a repository show a folder."""
        with self._lock:
            repository = self.find(name) or Repository(name)
            repository.folders[revision] = folder.resolve()
            self._repositories[name] = repository
            repository.at(revision)

    def find(self, name: str) -> Repository | None:
        """Return a repository by its present name."""
        with self._lock:
            if name not in self._repositories and self.root and name.count("/") == 1:
                folder = self.root / name
                if folder.is_dir() and ".." not in name:
                    self._repositories[name] = Repository(name, {"main": folder})
            return self._repositories.get(name)

    def renamed(self, name: str) -> str | None:
        """Return the present name of a repository that is asked for by a former one."""
        target = self.aliases.get(name)
        return target if target and not self.find(name) and self.find(target) else None

    def snapshot(self, repository: Repository, revision: str) -> Snapshot | None:
        """Return a repository at a revision."""
        with self._lock:
            return repository.at(revision)

    def __getitem__(self, name: str) -> Repository:
        repository = self.find(name)
        if repository is None:
            raise KeyError(f"the Hub has no repository {name}")
        return repository
