"""One result in every format, as a reader sees it.

With SPECDEC_UPDATE_CASES=1 the files in `golden/` are written anew: read the difference before it is committed.
"""

import os
from pathlib import Path

import pytest
from gate_example import EXAMPLE

from specdec_check.compat.report.media import RENDERERS

FILES = {
    "text": "gate.txt",
    "json": "gate.json",
    "sarif": "gate.sarif",
    "github": "annotations.txt",
    "markdown": "summary.md",
    "junit": "junit.xml",
    "gitlab": "gitlab.json",
}


@pytest.mark.parametrize("name", RENDERERS)
def test_the_example_reads_as_it_did(name: str) -> None:
    expected = Path(__file__).parent / "golden" / FILES[name]
    printed = RENDERERS[name](EXAMPLE)

    if os.environ.get("SPECDEC_UPDATE_CASES"):
        expected.write_text(printed, encoding="utf-8")
    assert printed == expected.read_text(encoding="utf-8")
