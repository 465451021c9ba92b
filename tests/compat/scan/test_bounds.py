"""What would take minutes or gigabytes is refused with a clause; what is only long is read."""

from __future__ import annotations

import pytest

from specdec_check.compat.scan.errors import UnreadError
from specdec_check.compat.scan.readers import reader_by_name
from specdec_check.compat.scan.reading import Scope
from specdec_check.compat.scan.scan import look

SERVE = "vllm serve a --speculative-model b\n"
HOSTILE = {
    "substitutions in one another": ("a.sh", SERVE + "$(" * 400_000, "nests deeper"),
    "substitutions in quotes": ("a.sh", SERVE + '"$(' * 300_000, "nests deeper"),
    "defaults in one another": ("a.sh", SERVE + "${a:-" * 150_000, "nests deeper"),
    "arrays in one another": ("a.sh", SERVE + "a=(" * 300_000, "nests deeper"),
    "words without end": ("a.sh", SERVE + "a " * 400_000, "words and parts"),
    "variables that double": ("a.sh", SERVE + "A=1234567\n" + "A=$A$A\n" * 9000, "put in more than"),
    "a chain of variables": (
        ".env",
        SERVE + "".join(f"A{n}=${{A{n + 1}}}${{A{n + 1}}}\n" for n in range(30_000)),
        "sets more than",
    ),
    "settings without end": (
        "a.service",
        "ExecStart=" + SERVE + "Environment=A=$B\n" * 9000,
        "more than 5000 settings",
    ),
    "instructions without end": ("Dockerfile", "FROM x\nRUN " + SERVE + "ENV A=$B\n" * 9000, "more than 5000 instruc"),
    "macros that double": (
        "a.yaml",
        f"# {SERVE}macros:\n  m0: 123456789\n"
        + "".join(f"  m{n + 1}: '${{m{n}}}${{m{n}}}'\n" for n in range(40))
        + "models: {}\n",
        "macros that come to more text",
    ),
    "maps without end": (
        "a.yaml",
        f"# {SERVE}" + "kind: ConfigMap\nmetadata: {name: a}\ndata:\n" + "".join(f"  f{n}: x\n" for n in range(900)),
        "more than 500 files",
    ),
    "an f-string of fields": ("a.py", 'x = "--speculative-model"\ny = f"' + "{x}" * 200_000 + '"\n', "too many fields"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_what_no_honest_file_holds_is_not_read(what):
    name, text, why = HOSTILE[what]
    reader = reader_by_name(name, env=True, markdown=True)
    assert reader is not None
    with pytest.raises(UnreadError, match=why):
        look(name, text, reader, Scope())


def test_a_long_honest_script_is_read():
    reader = reader_by_name("a.sh", env=True, markdown=True)
    assert reader is not None
    text = 'log() { echo "$(date) ${1:-x}"; }\n' + 'cp "$SRC/a" "${DST:-/tmp}/b" && log "done: $?"\n' * 2000 + SERVE
    assert [one.line for one in look("a.sh", text, reader, Scope())] == [2002]
