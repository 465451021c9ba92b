"""The project's configuration: found, read, and what is wrong with it told with its line."""

import json
import os
import re
import tomllib
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hostile import damaged, torn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from toml_writing import toml

from specdec_check.compat import rules
from specdec_check.compat.engines import ENGINES
from specdec_check.compat.errors import CheckError, SeveralErrors
from specdec_check.compat.finding import Severity
from specdec_check.compat.project import config, config_keys, config_pairs
from specdec_check.compat.project import rules as project_rules
from specdec_check.compat.project.config import ConfigError, Place, Project, load
from specdec_check.compat.ref import Kind

FULL = """\
fail-on = "warning"
strict = true
allow-specials = true
engines = ["vllm@0.33.0", "sglang"]
select = ["SD1", "eos-not-shared", "sd504"]
ignore = ["SD504"]

[[pairs]]
name = "chat"
target = "org/big@v2"
drafter = 'org/small'
drafter-revision = "refs/pr/1"
engines = ["bundled", "bundled"]
context = 32768
batch = 8
tensor-parallel = 4
draft-tensor-parallel = 1
heterogeneous-vocab = true
allow-specials = false

[[pairs]]
target = "llama"
drafter = "./drafter"

[[ignores]]
rule = "sd405"
pair = "deploy/*.yaml*"
reason = '''
  trained by us,
  for this target
'''
until = 2027-01-31

[[ignores]]
rule = "trained-head-not-checked"
reason = "the card says so"
until = "2027-02-28"

[models]
"/models/llama/" = "meta-llama/Llama-3.1-8B-Instruct"
llama = "meta-llama/Llama-3.1-8B-Instruct@main"

[scan]
paths = ["deploy", "serve.sh"]
exclude = ["vendor/**"]
env = true
markdown = true

[scan.set]
MODEL = "org/name"
EMPTY = ""
"""
FULL = FULL.replace("eos-not-shared", rules.RULES[0].name)


@pytest.fixture
def home(tmp_path):
    """A repository."""
    (tmp_path / ".git").mkdir()
    return tmp_path


def wrong(folder: Path, text: str | bytes, name: str = config.OWN_FILE) -> list[str]:
    """What is said about a configuration, without the file's name."""
    (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(CheckError) as caught:
        load(folder)
    errors = caught.value.errors if isinstance(caught.value, SeveralErrors) else (caught.value,)
    assert all(isinstance(error, ConfigError) and error.kind == "config" for error in errors)
    assert all(error.message.startswith(str(folder / name)) for error in errors)
    return [error.message.removeprefix(str(folder / name)).lstrip(", ") for error in errors]


def loaded(folder: Path) -> Project | str:
    """The configuration, or the sentences about what is wrong with it."""
    try:
        return load(folder)
    except CheckError as error:
        return error.message


def test_everything_that_can_be_said_is_read(home):
    (home / "specdec.toml").write_text(FULL)
    project = load(home)

    assert (project.root, project.file) == (home, home / "specdec.toml")
    assert project.policy.engines == ("vllm@0.33.0", "sglang")
    assert project.policy.strict
    assert project.policy.fail_on is Severity.WARNING
    assert project.policy.allow_specials
    assert project.select == ("SD1", rules.RULES[0].code, "SD504")
    assert project.ignore == ("SD504",)
    assert project.models["/models/llama"] == "meta-llama/Llama-3.1-8B-Instruct"
    assert project.scan.paths == ("deploy", "serve.sh")
    assert project.scan.exclude == ("vendor/**",)
    assert project.scan.env
    assert project.scan.markdown
    assert project.scan.variables == {"MODEL": "org/name", "EMPTY": ""}

    chat, other = project.pairs
    assert (chat.name, chat.target_written, chat.drafter_written) == ("chat", "org/big@v2", "org/small")
    assert (chat.target.name, chat.target.revision, chat.drafter.revision) == ("org/big", "v2", "refs/pr/1")
    assert chat.drafter.original == "org/small@refs/pr/1"
    assert chat.engines == ("bundled",)
    assert (chat.context, chat.batch, chat.tensor_parallel, chat.draft_tensor_parallel) == (32768, 8, 4, 1)
    assert chat.heterogeneous_vocab
    assert not chat.allow_specials
    assert chat.place == Place("specdec.toml", 11, 12)

    assert other.name == "meta-llama/Llama-3.1-8B-Instruct@main × ./drafter"
    assert (other.target.name, other.target.revision) == ("meta-llama/Llama-3.1-8B-Instruct", "main")
    assert (other.drafter.kind, other.drafter.name) == (Kind.FOLDER, str(home / "drafter"))
    assert other.engines == project.policy.engines
    assert other.context is None
    assert not other.heterogeneous_vocab
    assert other.allow_specials

    first, second = project.ignores
    assert (first.rule, first.pair, first.reason) == ("SD405", "deploy/*.yaml*", "trained by us, for this target")
    assert (first.until, second.until) == (date(2027, 1, 31), date(2027, 2, 28))
    assert (second.rule, second.pair) == (project_rules.TRAINED_HEAD.code, None)
    assert first.place == Place("specdec.toml", 26, 9)


def test_an_ignore_counts_on_its_last_day(home):
    (home / "specdec.toml").write_text('[[ignores]]\nrule = "SD405"\nreason = "x"\nuntil = 2027-01-31\n')
    (ignore,) = load(home).ignores

    assert not ignore.expired(date(2027, 1, 31))
    assert ignore.expired(date(2027, 2, 1))


@pytest.mark.parametrize(
    ("said", "counted", "left_out"),
    [
        ("", {"SD405", "SD504", "SD101", "SD701", "SD714"}, set()),
        ("select = []", {"SD101", "SD701", "SD709"}, {"SD405", "SD504", "SD714"}),
        ('select = ["SD5"]', {"SD101", "SD504"}, {"SD405", "SD714"}),
        ('ignore = ["SD504"]', {"SD101", "SD501", "SD405"}, {"SD504"}),
        ('select = ["SD5"]\nignore = ["SD504"]', {"SD501", "SD101"}, {"SD504", "SD405"}),
        ('select = ["SD504"]\nignore = ["SD5"]', {"SD504", "SD101"}, {"SD501", "SD405"}),
        ('select = ["SD504"]\nignore = ["SD504"]', {"SD101"}, {"SD504"}),
    ],
)
def test_what_counts(home, said, counted, left_out):
    (home / "specdec.toml").write_text(said)
    project = load(home)

    assert {code for code in counted | left_out if project.counts(code)} == counted


def test_no_words_leave_out_what_can_refuse_or_leave_undecided(home):
    grave = [rule.code for rule in rules.RULES if rule.worst is Severity.ERROR]
    grave += [rule.code for rule in project_rules.RULES if rule.worst in ("error", "open")]
    (home / "specdec.toml").write_text("select = []")

    assert all(load(home).counts(code) for code in grave)
    for code in grave:
        (said,) = wrong(home, f'ignore = ["SD504",\n "{code}"]')
        assert said == (
            f"line 2: 'ignore' holds {code}, and {code} can refuse a pair or leave it undecided: set such a rule aside"
            " under [[ignores]], with a reason."
        )


def test_nor_does_a_family_that_holds_such_a_rule(home):
    (said,) = wrong(home, 'ignore = ["SD1"]')

    assert said.startswith("line 1: 'ignore' holds SD1, and SD101, ")


def test_the_table_in_pyproject_says_the_same(home):
    tables = re.sub(r"(?m)^(\[\[?)", r"\1tool.specdec-check.", FULL)
    (home / "pyproject.toml").write_text(f'[project]\nname = "x"\n[tool.specdec-check]\n{tables}')
    shared = load(home)
    (home / "pyproject.toml").unlink()
    (home / "specdec.toml").write_text(FULL)
    own = load(home)

    assert shared.file == home / "pyproject.toml"
    assert shared.pairs[0].place == Place("pyproject.toml", own.pairs[0].place.line + 3, 12)
    assert [(pair.name, pair.target, pair.engines) for pair in shared.pairs] == [
        (pair.name, pair.target, pair.engines) for pair in own.pairs
    ]
    assert (shared.policy, shared.scan, shared.models, shared.select) == (own.policy, own.scan, own.models, own.select)


def test_a_folder_without_a_configuration_has_that_of_the_nearest_above_it(home):
    (home / "specdec.toml").write_text("strict = true")
    (home / "a/b/c").mkdir(parents=True)
    (home / "a/pyproject.toml").write_text('[project]\nname = "not ours"\n')

    assert load(home / "a/b/c").root == home
    (home / "a/b/specdec.toml").write_text("")
    assert load(home / "a/b/c").file == home / "a/b/specdec.toml"
    assert load(home / "a").policy.strict


def test_nothing_above_the_repository_is_looked_at(tmp_path):
    (tmp_path / "specdec.toml").write_text("strict = true")
    (tmp_path / "repository/below").mkdir(parents=True)
    (tmp_path / "repository/.git").write_text("gitdir: elsewhere")  # as a worktree has it

    project = load(tmp_path / "repository/below")

    assert (project.root, project.file) == (tmp_path / "repository", None)
    assert not project.policy.strict
    assert project.scan.paths == (".",)


def test_a_file_stands_for_its_folder(home):
    (home / "specdec.toml").write_text("strict = true")

    assert load(home / "specdec.toml").policy.strict


def test_two_configurations_in_a_folder_are_one_too_many(home):
    (home / "pyproject.toml").write_text("[tool.specdec-check]")
    (home / "specdec.toml").write_text("")

    with pytest.raises(ConfigError) as caught:
        load(home)

    assert f"{home / 'specdec.toml'} and [tool.specdec-check] of {home / 'pyproject.toml'}" in caught.value.message


@pytest.mark.parametrize("text", ["{{ cookiecutter.head }}", "tool = 3", "[tool]\nspecdec_check = 1", "a = '\xff'"])
def test_a_pyproject_that_is_not_meant_for_us_is_nothing_to_us(home, text):
    (home / "pyproject.toml").write_text(text, encoding="latin-1")

    assert load(home).file is None


def test_relative_folders_start_from_the_configuration(home, monkeypatch):
    (home / "conf/models/here").mkdir(parents=True)
    (home / "org/there").mkdir(parents=True)
    (home / "conf/model.gguf").write_bytes(b"")
    (home / "conf/specdec.toml").write_text(
        '[[pairs]]\ntarget = "models/here"\ndrafter = "org/there"\n'
        '[[pairs]]\ntarget = "model.gguf"\ndrafter = "../up/x.gguf"\n'
        '[[pairs]]\ntarget = "demo:target"\ndrafter = "hf://models/here"\n[models]\n"/m" = "./models/here"'
    )
    seen = []
    for folder in (home, home / "conf"):
        monkeypatch.chdir(folder)
        seen.append(load(home / "conf"))
    one, two, three = seen[0].pairs

    assert seen[0].pairs == seen[1].pairs
    assert (one.target.kind, one.target.name) == (Kind.FOLDER, str(home / "conf/models/here"))
    assert (one.drafter.kind, one.drafter.name) == (Kind.HUB, "org/there")
    assert (two.target.name, two.target.file) == (str(home / "conf"), "model.gguf")
    assert (two.drafter.name, two.drafter.file) == (str(home / "conf/../up"), "x.gguf")
    assert (three.target.kind, three.drafter.kind) == (Kind.DEMO, Kind.HUB)
    assert seen[0].model("/m/").name == str(home / "conf/models/here")
    assert seen[0].is_alias("/m/")
    assert not seen[0].is_alias("m")


PAIR = '[[pairs]]\ntarget = "a/b"\ndrafter = "a/c"\n'
IGNORE = '[[ignores]]\nrule = "SD405"\nreason = "x"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fail_on = 'error'", "line 1: there is no key 'fail_on' here: did you mean 'fail-on'?"),
        ("\nzzz = 1", f"line 2: there is no key 'zzz' here: write one of {', '.join(config_keys.TOP)}."),
        ("[[pair]]\n", "line 1: there is no key 'pair' here: did you mean 'pairs'?"),
        (PAIR + "traget = 1", "line 4: there is no key 'traget' in 'pairs': did you mean 'target'?"),
        (
            IGNORE + "expires = 1",
            "line 4: there is no key 'expires' in 'ignores': write one of rule, pair, reason, until.",
        ),
        ("[scan]\npath = 1", "line 2: there is no key 'path' in 'scan': did you mean 'paths'?"),
        ('"a\\u001bb" = 1', f"line 1: there is no key 'a\\x1bb' here: write one of {', '.join(config_keys.TOP)}."),
        ("fail-on = 'note'", "line 1: 'fail-on' must be 'error' or 'warning', not 'note'."),
        ("fail-on = [1]", "line 1: 'fail-on' must be 'error' or 'warning', not [1]."),
        ("strict = 'yes'", "line 1: 'strict' must be true or false, not 'yes'."),
        ("strict = 0x" + "f" * 9000, f"line 1: 'strict' must be true or false, not 0x{'f' * 97}…."),
        ("engines = 'vllm'", "line 1: 'engines' must be a list of texts in brackets, not 'vllm'."),
        ("engines = []", "line 1: 'engines' is an empty list: name what is meant, or leave it out."),
        (
            "engines = [\n'vllm',\n'vlm@1']",
            "line 3: 'engines' holds 'vlm@1', which is no known engine: did you mean 'vllm'?",
        ),
        (
            "engines = ['x']",
            f"line 1: 'engines' holds 'x', which is no known engine: write one of {', '.join(ENGINES)}.",
        ),
        (
            "engines = ['vllm@']",
            f"line 1: 'engines' names no version after '@': write vllm@{ENGINES['vllm'].version}.",
        ),
        ("engines = [1]", "line 1: 'engines' must be a text in quotes, not 1."),
        (
            "select = ['SD999x']",
            "line 1: 'select' holds 'SD999x', which is no rule or family. `specdec-check rule` lists them.",
        ),
        (
            "select = ['ignore-without-used']",
            "line 1: 'select' holds 'ignore-without-used', which is no rule or family: did you mean"
            " 'ignore-without-use'?",
        ),
        ("pairs = 1", "line 1: 'pairs' must be an array of tables, each under [[pairs]], not 1."),
        ("[pairs]\na = 1", "line 1: 'pairs' must be an array of tables, each under [[pairs]], not one table."),
        ("[[pairs]]\ntarget = 'a/b'", "line 1: 'pairs' lacks drafter: add drafter = \"org/name\"."),
        ("[[pairs]]\ndrafter = 'a/b'", "line 1: 'pairs' lacks target: add target = \"org/name\"."),
        ("[[pairs]]\ntarget = ''\ndrafter = 'a/c'", "line 2: 'pairs.target' must not be blank"),
        (
            "[[pairs]]\ntarget = 'a b'\ndrafter = 'a/c'",
            "line 2: 'pairs.target' is wrong: 'a b' does not name a model: ",
        ),
        (
            "[[pairs]]\ntarget = 'a/b@'\ndrafter = 'a/c'",
            "line 2: 'pairs.target' is wrong: 'a/b@' has no usable revision",
        ),
        (
            PAIR + "target-revision = 'a b'",
            "line 4: 'pairs.target-revision' is wrong: 'a/b@a b' has no usable revision",
        ),
        (PAIR + "target-revision = 'v1:x.gguf'", "line 4: 'pairs.target-revision' is no branch, tag or commit"),
        (
            "[[pairs]]\ntarget = 'a/b@v1'\ndrafter = 'a/c'\ntarget-revision = 'v1'",
            "line 4: 'pairs.target-revision' is set, and 'a/b@v1' names a revision too: leave one of them out.",
        ),
        (
            "[[pairs]]\ntarget = 'a/b'\ndrafter = './c'\ndrafter-revision = 'v1'",
            "line 4: 'pairs.drafter-revision' is set, and './c' is no model of the Hub: leave the revision out.",
        ),
        (PAIR + "context = 0", "line 4: 'pairs.context' must be a whole number from 1 to 1,000,000,000, not 0."),
        (PAIR + "batch = true", "line 4: 'pairs.batch' must be a whole number from 1 to 1,000,000,000, not true."),
        (PAIR + "batch = 8.0", "line 4: 'pairs.batch' must be a whole number from 1 to 1,000,000,000, not 8.0."),
        (PAIR + "name = 1979-05-27", "line 4: 'pairs.name' must be a text in quotes, not 1979-05-27."),
        (PAIR + "name = ' '", "line 4: 'pairs.name' must not be blank: write what is meant."),
        (PAIR + r'name = "a\u202eb"', "line 4: 'pairs.name' holds a control or an invisible character"),
        (PAIR + f"name = '{'x' * 1001}'", "line 4: 'pairs.name' is too long: 1,001 characters, and 1,000 may be."),
        (
            PAIR + PAIR,
            "line 4: 'pairs' has the name 'a/b × a/c', as the pair by line 3 has: give it another, name = \"…\".",
        ),
        (
            PAIR + "name = 'x'\n" + PAIR + "name = 'x'",
            "line 8: 'pairs.name' has the name 'x', as the pair by line 3 has: give it another, name = \"…\".",
        ),
        ("[[ignores]]\nreason = 'x'", "line 1: 'ignores' lacks rule: add rule = \"SD405\"."),
        ("[[ignores]]\nrule = 'SD405'", "line 1: 'ignores' lacks a reason: add reason = \"…\""),
        ("[[ignores]]\nrule = 'SD405'\nreason = ' '", "line 3: 'ignores.reason' must not be blank"),
        ("[[ignores]]\nrule = 'SD4'\nreason = 'x'", "line 2: 'ignores.rule' is 'SD4', which is no rule"),
        (IGNORE + "until = '31.1.2027'", "line 4: 'ignores.until' must be a date such as 2027-01-31, not '31.1.2027'."),
        (
            IGNORE + "until = '2027-02-30'",
            "line 4: 'ignores.until' must be a date such as 2027-01-31, not '2027-02-30'.",
        ),
        (IGNORE + "until = 2027-01-31T00:00:00", "line 4: 'ignores.until' must be a date such as 2027-01-31, not 2027"),
        ("models = 1", "line 1: 'models' must be a table, [models], not 1."),
        ("[models]\na = 'b c'", "line 2: 'models.a' is wrong: 'b c' does not name a model"),
        ("[models]\na = {b = 1}", "line 2: 'models.a' must be a text in quotes, not {b = 1}."),
        ("[models]\na.b = 1", "line 2: 'models.a' must be a text in quotes, not a table."),
        ("[models]\n'a/' = 'b/c'\na = 'b/d'", "line 3: 'models.a' stands twice, with and without a slash at its end"),
        ("[models]\n' ' = 'b/c'", "line 2: 'models. ' is no path or alias"),
        ("[scan]\nenv = 1", "line 2: 'scan.env' must be true or false, not 1."),
        ("[scan]\npaths = ['']", "line 2: 'scan.paths' must not be blank"),
        ("[scan.set]\nTP = 4", "line 2: 'scan.set.TP' must be a text in quotes, not 4."),
        ("[scan.set]\n'A=B' = ''", "line 2: 'scan.set.A=B' is no name of a variable"),
        ("a = ", "is no TOML (Invalid value (at end of document)): mend it there."),
        ("a = " + "[" * 100, "nests deeper than 32 levels (line 1): mend it there."),
        (b"a = 1\nb = '\xff'", "line 2 is not UTF-8: save the file in that encoding."),
        ("#" * (1 << 20) + "\n", "is larger than 1 MiB, which no configuration is: move it away."),
    ],
)
def test_what_is_wrong_is_said_with_its_line_and_key(home, text, said):
    (found,) = wrong(home, text)

    assert found.startswith(said)
    assert len(found) < 700
    assert found.isprintable()


def test_all_that_is_wrong_is_said_at_once_in_the_order_of_the_file(home):
    found = wrong(home, "[[pairs]]\ncontext = 0\ntarget = 'x y'\n[[ignores]]\n[scan]\nenv = 1\nenvy = 2\n")

    assert [said.split(":")[0] for said in found] == [f"line {line}" for line in (1, 2, 3, 4, 4, 6, 7)]


def test_of_very_much_that_is_wrong_the_first_is_said(home):
    found = wrong(home, "".join(f"key{number} = 1\n" for number in range(40_000)))

    assert len(found) == 21
    assert found[0].startswith("line 1: there is no key 'key0'")
    assert found[-1].endswith("more is wrong below; mend this first.")


def test_in_pyproject_the_keys_are_called_as_in_their_table(home):
    text = "[tool.specdec-check]\nstrict = 1\n[tool.specdec-check.scan]\nevn = true\n"

    assert wrong(home, text, config.SHARED_FILE) == [
        "line 2: 'strict' must be true or false, not 1.",
        "line 4: there is no key 'evn' in 'scan': did you mean 'env'?",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[tool]\nspecdec-check = 1", "line 2: 'tool.specdec-check' must be a table, [tool.specdec-check]."),
        ("[[tool.specdec-check]]", "line 1: 'tool.specdec-check' must be a table, [tool.specdec-check]."),
        ("[tool.specdec-check]\nstrict =", "is no TOML"),
        (b"[tool.specdec-check]\n# \xff", "line 2 is not UTF-8"),
    ],
)
def test_a_pyproject_that_is_meant_for_us_must_be_sound(home, text, said):
    (found,) = wrong(home, text, config.SHARED_FILE)

    assert found.startswith(said)


def test_a_byte_order_mark_and_line_ends_of_windows_change_nothing(home):
    (home / "specdec.toml").write_bytes(b"\xef\xbb\xbf" + FULL.replace("\n", "\r\n").encode())
    project = load(home)

    assert project.pairs[0].place == Place("specdec.toml", 11, 12)
    assert project.ignores[0].reason == "trained by us, for this target"


def test_what_is_no_file_is_no_configuration_and_is_said(home):
    file = home / "specdec.toml"
    makings = (file.mkdir, lambda: os.mkfifo(file), lambda: file.symlink_to("gone"), lambda: file.symlink_to(file.name))
    said = ("is no file", "is no file", "is a link to a file that is not there", "cannot be read")
    for make, words in zip(makings, said, strict=True):
        make()
        with pytest.raises(ConfigError, match=words):
            load(home)
        file.rmdir() if file.is_dir() else file.unlink()


@pytest.mark.parametrize("start", ["\0", "loop/x", "none/there"])
def test_a_folder_that_cannot_be_is_said_or_has_no_configuration(home, start):
    (home / "loop").symlink_to("loop")
    found = loaded(home / start)

    # A loop of links cannot even be asked for up to Python 3.12, and is found and cannot be read since.
    assert found == Project(home) or "cannot be looked for" in str(found) or "cannot be read" in str(found)


# The published schema, for editors.

SCHEMA = json.loads(resources.files("specdec_check.compat").joinpath("config.schema.json").read_text("utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def as_json(value: Any) -> Any:
    """A TOML value as an editor gives it to a schema."""
    if isinstance(value, dict):
        return {key: as_json(one) for key, one in value.items()}
    if isinstance(value, list):
        return [as_json(one) for one in value]
    return value.isoformat() if isinstance(value, date) else value


def test_the_schema_has_the_keys_that_are_read():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    defs = SCHEMA["$defs"]

    assert tuple(SCHEMA["properties"]) == config_keys.TOP
    assert tuple(defs["pair"]["properties"]) == config_pairs.PAIR
    assert tuple(defs["ignore"]["properties"]) == config_keys.IGNORE
    assert tuple(defs["scan"]["properties"]) == config_keys.SCAN
    names = defs["engines"]["items"]["pattern"].removeprefix("^(").partition(")")[0].replace("\\", "").split("|")
    assert names == list(ENGINES)


def test_the_schema_takes_a_configuration_that_says_everything():
    VALIDATOR.validate(as_json(tomllib.loads(FULL)))


def no_nulls(value: Any) -> bool:
    """Whether TOML can say it."""
    if isinstance(value, dict):
        return all(no_nulls(one) and is_text(key) for key, one in value.items())
    if isinstance(value, list):
        return all(no_nulls(one) for one in value)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return (
        value is not None and (not is_number or abs(value) < 2**63) and (not isinstance(value, str) or is_text(value))
    )


def is_text(text: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" or char == "\r" for char in text)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much, HealthCheck.too_slow]
)
@given(st.data())
def test_what_is_read_the_schema_takes_and_places_hold_the_values(home, data):
    tree = data.draw(damaged(tomllib.loads(FULL)).filter(no_nulls))
    text = data.draw(toml(tree))
    (home / "specdec.toml").write_bytes(text.encode())
    project = loaded(home)
    if isinstance(project, str):
        assert "specdec.toml" in project
        return

    VALIDATOR.validate(as_json(tree))
    lines = text.encode().decode().replace("\r\n", "\n").split("\n")
    for pair, said in zip(project.pairs, tree.get("pairs", []), strict=True):
        assert lines[pair.place.line - 1][pair.place.column - 1 :].startswith(said["drafter"][:1])
    for ignore, said in zip(project.ignores, tree.get("ignores", []), strict=True):
        assert lines[ignore.place.line - 1][ignore.place.column - 1 :].lower().startswith(said["rule"].lower())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(torn(FULL.encode()))
def test_a_torn_file_is_read_or_told(home, data):
    (home / "specdec.toml").write_bytes(data)
    found = loaded(home)

    assert isinstance(found, Project) or str(home / "specdec.toml") in found
