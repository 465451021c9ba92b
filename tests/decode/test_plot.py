"""The picture: its numbers by hand, and that it is drawn."""

import struct
import sys
from importlib.util import find_spec

import pytest
from click.testing import CliRunner
from counted import booked

from specdec_check.decode.cli import cli
from specdec_check.decode.errors import DecodeError
from specdec_check.decode.plot import draw, need_matplotlib, panels, write
from specdec_check.decode.stats import Seconds

drawing = pytest.mark.skipif(find_spec("matplotlib") is None, reason="needs the extra `plot`")


def timed(prefill, draft, verify, total):
    return Seconds(prefill=prefill, draft=draft, verify=verify, total=total)


# 2 rounds of 2 drafts: 2 + 0 accepted of 2 + 1 judged; 4 ids after the prefill in 2 seconds.
RUN = booked([(2, 2), (2, 0)], seconds=timed(1.0, 0.4, 1.5, 3.0))
# 4 plain steps: 4 ids after the prefill in 2.4 seconds, 2 of them in the target.
PLAIN = booked([(0, 0)] * 4, seconds=timed(1.0, 0.0, 2.0, 3.4))


def measures(file):
    """Width and height of a PNG, by its header."""
    head = file.read_bytes()[:24]
    assert head.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", head[16:24])


def test_the_numbers_of_the_picture():
    found = panels(RUN, PLAIN)
    assert found.acceptance == (1 / 2, 1)
    assert found.gammas == (2, 2)
    assert found.running_alpha == (1, 2 / 3)
    assert found.alpha == 2 / 3
    assert found.c == pytest.approx((0.4 / 4) / (2.0 / 4))
    assert found.measured == pytest.approx((2, (4 / 2) / (4 / 2.4)))


def test_the_curve_is_the_models():
    """E / (1 + gamma c), with E = 1 + alpha + alpha^2 + ... as a sum."""
    found = panels(RUN, PLAIN)
    assert [gamma for gamma, _ in found.curve] == list(range(9))
    for gamma, speed in found.curve:
        expected = sum(found.alpha**accepted for accepted in range(gamma + 1))
        assert speed == pytest.approx(expected / (1 + gamma * found.c))


def test_the_curve_reaches_as_far_as_was_drafted():
    assert panels(booked([(12, 1)]), PLAIN).curve[-1][0] == 12


def test_without_drafts_there_is_no_curve():
    found = panels(PLAIN, PLAIN)
    assert (found.alpha, found.c, found.curve) == (None, None, ())
    assert found.measured == (0, 1)


def test_without_a_token_after_the_prefill_nothing_was_measured():
    assert panels(booked([]), booked([])).measured is None


@drawing
@pytest.mark.parametrize("run", [RUN, PLAIN, booked([])], ids=["drafts", "no drafts", "no rounds"])
def test_it_is_drawn_whatever_there_is(run, tmp_path):
    file = tmp_path / "run.png"
    write(draw(panels(run, PLAIN), "$org/模型 × drafter$, \x07"), file)
    width, height = measures(file)
    assert width > 1000
    assert height > 400
    assert file.stat().st_size > 10_000


@drawing
def test_what_is_drawn_is_what_was_counted():
    left, middle, right, share = draw(panels(RUN, PLAIN), "").get_axes()
    assert [bar.get_height() for bar in left.patches] == [1 / 2, 1]
    assert list(middle.get_lines()[0].get_ydata()) == [2, 2]
    assert list(share.get_lines()[0].get_ydata()) == [1, 2 / 3]
    assert list(right.get_lines()[1].get_ydata()) == [speed for _, speed in panels(RUN, PLAIN).curve]


@drawing
def test_no_state_of_pyplot_is_touched(tmp_path):
    write(draw(panels(RUN, PLAIN), ""), tmp_path / "run.png")
    assert "matplotlib.pyplot" not in sys.modules


@drawing
def test_a_file_that_cannot_be_written_is_a_sentence(tmp_path):
    with pytest.raises(DecodeError, match="cannot be written"):
        write(draw(panels(RUN, PLAIN), ""), tmp_path / "no" / "run.png")


def test_what_is_missing_is_named_before_anything_is_decoded(monkeypatch):
    monkeypatch.setattr("specdec_check.decode.plot.find_spec", lambda _: None)
    with pytest.raises(DecodeError, match=r"extra `plot`"):
        need_matplotlib()
    done = CliRunner().invoke(cli, ["demo:target", "demo:stranger", "--prompt", "x", "--plot", "x.png"])
    assert isinstance(done.exception, DecodeError)


@drawing
def test_the_command_draws_and_says_that_it_decodes_twice(tmp_path):
    file = tmp_path / "run.png"
    words = ["demo:target", "demo:drafter", "--prompt", "def f(", "--max-new-tokens", "12", "--plot", str(file)]
    done = CliRunner().invoke(cli, words)
    assert done.exit_code == 0, done.output
    assert "without drafts" in done.stderr
    measures(file)


@pytest.mark.parametrize(("name", "said"), [("x.pdf", "does not end in .png"), ("nowhere/x.png", "is no folder")])
def test_a_place_that_cannot_be_drawn_to_is_refused_before_decoding(tmp_path, name, said):
    done = CliRunner().invoke(cli, ["demo:target", "demo:drafter", "--plot", str(tmp_path / name)])
    assert done.exit_code == 2
    assert said in done.stderr
    assert done.stdout == ""
