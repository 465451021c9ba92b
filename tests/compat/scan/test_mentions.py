"""The words without which no file is parsed: every spelling of a drafter or a method has one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from specdec_check.compat.scan.found import Key
from specdec_check.compat.scan.mentions import mentions
from specdec_check.compat.scan.spellings import SPELLINGS, Spelling

TELLING = {Key.DRAFTER, Key.METHOD}


def spelled(spelling: Spelling) -> Iterator[str]:
    """What files write that sets up speculation: flags, settings, variables and programs."""
    telling = TELLING | ({Key.COUNT} if spelling.count_alone else set())
    flags = [name for name, flag in spelling.flags.items() if flag.key in telling]
    for name in [*flags, *spelling.own, *spelling.speculative_flags]:
        if len(name) > 2:
            yield from (f"--{name.replace('_', '-')} x", f"--{name}=x", f'"--{name}"')
        else:
            yield f"-{name} x"
    for name, flag in spelling.short.items():
        if flag.key in telling:
            yield from (f"{name} x", f'"{name}",')
    for name in spelling.switches:
        yield f"--{name.replace('_', '-')}"
    settings = [name for name, flag in spelling.settings.items() if flag.key in telling]
    for name in [*settings, *spelling.marks]:
        yield from (f"{name}: x", f'"{name.replace("_", "-")}": x', f"{humped(name)}: x")
    for name, flag in spelling.environment.items():
        if flag.key in telling:
            yield f"{name}=x"


def humped(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


@pytest.mark.parametrize("written", sorted({text for spelling in SPELLINGS.values() for text in spelled(spelling)}))
def test_every_spelling_of_a_drafter_or_a_method_lets_its_file_be_parsed(written):
    assert mentions(written)
    assert mentions(f"a\n  {written}\n")


@pytest.mark.parametrize(
    "written",
    [
        *("./lookup -m a", "llama-lookup -m a", "/opt/bin/lookahead -m a", "build/bin/llama-lookahead -m a"),
        *("speculative_config", "assistant_model=small", "prompt_lookup_num_tokens=3", "NGramDecodingConfig()"),
        *("LlamaPromptLookupDecoding()", "draft_model=x", "assistant_early_exit=4"),
    ],
)
def test_so_does_what_programs_and_libraries_are_called(written):
    assert mentions(written)


@pytest.mark.parametrize(
    "written",
    [
        "a spec of an API",
        "lookup tables",
        "/api/lookup",
        "md5 -mdx",
        "openapi-spec.json",
        "the draft of a letter",
        "-m x",
    ],
)
def test_everyday_words_do_not(written):
    assert not mentions(written)
