"""Where in a command line an engine starts: after `exec`, `env`, `docker run …`, `python -m …`, or nowhere."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .spellings import SPELLINGS, Spelling, engine_of_image, engine_of_module, engine_of_program, plain_name
from .traced import Traced, joined
from .variables import is_open


@dataclass(frozen=True, slots=True)
class Start:
    """Where an engine starts.

    Attributes:
        spelling: the engine's.
        name: the program's or subcommand's, without its folder; `image` for an image's own program; empty where only
            flags tell.
        arguments: the words after it.
        origin: where the program stands.
    """

    spelling: Spelling
    name: str
    arguments: Sequence[Traced]
    origin: int


def start_of(words: Sequence[Traced], image: str = "") -> Start | None:
    """The engine that a command line starts; None where it starts none.

    Args:
        words: the command line, or the arguments alone of a container.
        image: the container's image.
    """
    if words and _base(words[0].text) in _TALKERS:
        return None
    if not words or _is_flag(words[0].text):
        spelling = engine_of_image(image) or _by_flags(words)
        return Start(spelling, "", words, words[0].origin if words else 0) if spelling else None
    found = _in_container(words) or _by_program(words)
    if found:
        return found
    if (spelling := engine_of_image(image)) and "/" in words[0].text and not words[0].text.endswith((".sh", ".py")):
        return Start(spelling, _IMAGE, words, words[0].origin)
    spelling = spelling or _by_flags(words)
    return Start(spelling, "", words[1:], words[0].origin) if spelling else None


def script_in(words: Sequence[Traced]) -> Traced | None:
    """The script that a command hands to a shell: `bash -c '…'`, `eval …`, `ssh host '…'`."""
    first = _base(words[0].text) if words else ""
    if first == "eval":
        return joined([part for word in words[1:] for part in (word, Traced.placed(" ", word.origin))])
    if first == "alias":
        return next((word.cut(word.text.index("=") + 1) for word in words[1:] if "=" in word.text), None)
    for at, word in enumerate(words[:-2]):
        if _base(word.text) in _SHELLS and (script := _after_c(words[at + 1 :])):
            return script
    if first in _CARRIERS:
        held = [word for word in words[1:] if " " in word.text and _ENGINE.search(word.text)]
        return held[-1] if held else None
    return None


def _after_c(words: Sequence[Traced]) -> Traced | None:
    """The word after `-c`, `-lc` and the like, among a shell's flags."""
    for at, word in enumerate(words[:-1]):
        if not word.text.startswith(("-", "+")) and word.text != "pipefail":
            return None
        if _C_FLAG.fullmatch(word.text):
            return words[at + 1]
    return None


def _in_container(words: Sequence[Traced]) -> Start | None:
    """The engine that `docker run … IMAGE …` starts, if the image's name or the program after it tells."""
    if not any(_base(word.text) in _CONTAINERS for word in words[:3]):
        return None
    for at, word in enumerate(words):
        before = words[at - 1].text if at else ""
        takes_value = _is_flag(before) and "=" not in before and before not in _CONTAINER_SWITCHES
        if not _is_flag(word.text) and not takes_value and (spelling := engine_of_image(word.text)):
            rest = words[at + 1 :]
            program = _by_program(rest) if rest and not _is_flag(rest[0].text) else None
            return program or Start(spelling, _IMAGE, rest, word.origin)
    return None


def _by_program(words: Sequence[Traced]) -> Start | None:
    for at, word in enumerate(words):
        following = words[at + 1].text if at + 1 < len(words) else ""
        if word.text in ("-m", "--module") and (spelling := engine_of_module(following)):
            return Start(spelling, following, words[at + 2 :], words[at + 1].origin)
        if at and words[at - 1].text in _NAMING:
            continue
        if word.text.endswith(".py") and (spelling := engine_of_module(word.text)):
            return Start(spelling, "", words[at + 1 :], word.origin)
        if spelling := engine_of_program(word.text, following):
            sub = following in spelling.subcommands or following == "serve"
            name, rest = (following, words[at + 2 :]) if sub else (_base(word.text), words[at + 1 :])
            return Start(spelling, name, rest, word.origin)
    return None


def _by_flags(words: Sequence[Traced]) -> Spelling | None:
    """The engine that alone has one of the flags."""
    written = {word.text.partition("=")[0] for word in words if _is_flag(word.text)}
    plain = {plain_name(flag).partition(".")[0] for flag in written}
    for spelling in SPELLINGS.values():
        if plain & spelling.own and (not spelling.count_alone or "model_id" in plain):
            return spelling
    llama = SPELLINGS["llama.cpp"]
    both = written & llama.short.keys() & _DRAFTS and written & llama.short.keys() & _MODELS
    return llama if both and words and (_is_flag(words[0].text) or is_open(words[0].text)) else None


def _base(word: str) -> str:
    return word.rsplit("/", 1)[-1]


def _is_flag(word: str) -> bool:
    return len(word) > 1 and word.startswith("-") and not word[1].isdigit()


_IMAGE = "image"  # what starts is the image's own program
_SHELLS = frozenset({"bash", "sh", "zsh", "dash", "ash", "ksh"})
_C_FLAG = re.compile(r"-[a-z]*c[a-z]*")
_CONTAINERS = frozenset({"docker", "podman", "nerdctl", "nvidia-docker", "apptainer", "singularity"})
_CONTAINER_SWITCHES = frozenset(
    "--rm -it -ti -i -t -d -dit -itd -P --privileged --init --detach --interactive --tty --nv --read-only".split()
)
# Programs whose arguments are text or files.
_TALKERS = frozenset("echo printf grep egrep rg sed awk git curl wget pip pip3 hf huggingface-cli cat tee".split())
# Programs that run what one of their words says.
_CARRIERS = frozenset("ssh tmux screen su sudo watch script parallel sbatch srun wsl nix-shell gcloud kubectl".split())
_ENGINE = re.compile(r"vllm|sglang|llama-|trtllm|mlx_lm|text-generation-launcher")
# Flags whose value is a name that people like to call after the engine.
_NAMING = frozenset("--name --hostname --network --container-name --served-model-name --user -n -u --alias".split())
_DRAFTS = frozenset({"-md", "-hfd", "-hfrd"})
_MODELS = frozenset({"-m", "-hf", "-hfr"})
