"""The folder of real models' metadata, where there is one, and what its PAIRS.md says.

The folder is the one in SPECDEC_SHARED_HUB, else `../shared/hub` beside the checkout.
"""

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from hub.contents import follow

_BESIDE = Path(__file__).resolve().parents[3] / "shared" / "hub"
_BESIDE_TOKENIZER = ("config.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json")


def _found() -> Path | None:
    folder = Path(os.environ.get("SPECDEC_SHARED_HUB") or _BESIDE)
    return folder.resolve() if (folder / "PAIRS.md").is_file() else None


FOLDER = _found()


@dataclass(frozen=True)
class Row:
    """A line of the tables in PAIRS.md: counts of token spellings, and the class that they come to."""

    target: str
    drafter: str
    same: int
    differ: int
    only: tuple[int, int]
    verdict: str


def models_with(name: str) -> list[str]:
    """The models, as org/name, that have a file."""
    found = sorted(FOLDER.glob(f"*/*/{name}")) if FOLDER else []
    return ["/".join(path.parts[-3:-1]) for path in found]


def distinct_tokenizers() -> list[str]:
    """One model for each tokenizer.json: of those that share it, the one with most files beside it that say more."""
    best: dict[str, tuple[int, str]] = {}
    for model in models_with("tokenizer.json"):
        digest = hashlib.sha256(read(model, "tokenizer.json")).hexdigest()
        more = sum(len(read(model, name)) for name in _BESIDE_TOKENIZER if read(model, name))
        best[digest] = max(best.get(digest, (0, "")), (more, model))
    return sorted(model for _, model in best.values())


def read(model: str, name: str) -> bytes:
    """A file's bytes, whatever kind of link it is; none where it is absent."""
    path = (FOLDER or Path()) / model / name
    return follow(path).read_bytes() if path.exists() else b""


def rows() -> list[Row]:
    """The pairs of PAIRS.md whose two folders are there and hold a tokenizer.json."""
    return _rows(models_with("tokenizer.json"))


def all_rows() -> list[Row]:
    """The pairs of PAIRS.md whose two folders are there and hold a tokenizer in any format."""
    return _rows([*models_with("tokenizer.json"), *models_with("tokenizer.model")])


def _rows(models: list[str]) -> list[Row]:
    known = {model.rpartition("/")[2]: model for model in models}
    found = []
    for line in (FOLDER / "PAIRS.md").read_text(encoding="utf-8").splitlines() if FOLDER else []:
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if len(cells) != 13 or not cells[3].isdecimal():
            continue
        target, drafter = (known.get(re.sub("[†‡*]", "", cell).strip()) for cell in cells[:2])
        if target and drafter:
            only = tuple(map(int, cells[6].split("/")))
            found.append(Row(target, drafter, int(cells[3]), int(cells[4]), (only[0], only[1]), cells[12].strip(" |")))
    return found


def link_all(folder: Path) -> None:
    """Lay the models out in a folder, each file a symbolic link to its bytes."""
    for path in sorted((FOLDER or Path()).rglob("*")):
        if path.is_file():
            link = folder / path.relative_to(FOLDER or Path())
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(follow(path))
