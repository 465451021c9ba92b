"""The package list is written by hand, and what it leaves out is left out of the wheel without a word."""

import fnmatch
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SETUPTOOLS = PROJECT["tool"]["setuptools"]
FOLDERS = {"compat": "specdec_check.compat", "decode": "specdec_check.decode"}


def packages() -> dict[str, Path]:
    """Import name → folder, of every folder with Python in it."""
    found = {}
    for folder, name in FOLDERS.items():
        for init in (ROOT / folder).rglob("__init__.py"):
            parts = init.parent.relative_to(ROOT / folder).parts
            found[".".join((name, *parts))] = init.parent
    return found


def test_every_folder_with_modules_is_a_listed_package() -> None:
    assert sorted(SETUPTOOLS["packages"]) == sorted(packages())
    folders = {module.parent for folder in FOLDERS for module in (ROOT / folder).rglob("*.py")}
    assert folders == set(packages().values())


def test_every_data_file_is_shipped() -> None:
    for name, folder in packages().items():
        patterns = SETUPTOOLS["package-data"].get(name, [])
        nested = [other for other in packages().values() if other != folder and folder in other.parents]
        for file in folder.rglob("*"):
            of_another = any(parent in nested for parent in file.parents)
            if file.is_dir() or of_another or file.suffix in {".py", ".pyc"}:
                continue
            path = str(file.relative_to(folder))
            assert any(fnmatch.fnmatch(path, pattern) for pattern in patterns), f"{path} of {name} is not shipped"


def test_the_top_level_is_as_it_must_be() -> None:
    kept = {"pyproject.toml", "README.md", "LICENSE", ".gitignore", ".ci", "compat", "decode", "tests", ".github"}
    ignored = [".git", *(line.strip("/") for line in (ROOT / ".gitignore").read_text().splitlines())]
    there = {path.name for path in ROOT.iterdir()}

    assert kept <= there
    assert not [name for name in there - kept if not any(fnmatch.fnmatch(name, pattern) for pattern in ignored)]


def test_checking_needs_no_torch() -> None:
    names = [requirement.split(">")[0] for requirement in PROJECT["project"]["dependencies"]]

    assert sorted(names) == ["click", "huggingface-hub", "pyyaml", "rich", "tokenizers"]
