"""Snippets that people labelled who had not seen the scanner: each is found as labelled."""

from __future__ import annotations

import json
from functools import cache

import pytest
from scan_corpus import CORPORA, FIRST_CONTACT, NAMES, Outcome, Snippet, counted, load, outcome

SNIPPETS = [snippet for name in NAMES for snippet in load(name)]
found = cache(lambda corpus, file: outcome(next(one for one in SNIPPETS if (one.corpus, one.file) == (corpus, file))))


def result(snippet: Snippet) -> Outcome:
    return found(snippet.corpus, snippet.file)


@pytest.mark.parametrize("snippet", SNIPPETS, ids=lambda one: f"{one.corpus}/{one.file}")
def test_a_snippet_is_found_as_it_is_labelled(snippet):
    differences = result(snippet).differences()
    if snippet.known:
        assert differences, "found as labelled by now: take it out of known.json"
    else:
        assert not differences, "\n".join([str(snippet.path), *differences])


def test_precision_and_recall_are_printed():
    counts = counted([result(snippet) for snippet in SNIPPETS])
    for (group, name), count in sorted(counts.items()):
        print(f"{group:7} {name:13} precision {count.precision:.3f} recall {count.recall:.3f} of {count.snippets}")
    everything = counts["all", ""]
    assert everything.snippets >= 60
    assert everything.right + everything.missed >= 80


@pytest.mark.parametrize("corpus", NAMES)
def test_every_file_of_a_corpus_is_labelled_and_every_label_has_its_file(corpus):
    folder = CORPORA / corpus
    files = {path.relative_to(folder).as_posix() for path in folder.glob("*/**/*") if path.is_file()}
    snippets = [one for one in SNIPPETS if one.corpus == corpus]
    assert files == {one.file for one in snippets}
    known = folder / "known.json"
    reasons = json.loads(known.read_text()) if known.exists() else {}
    assert reasons.keys() <= files
    assert all(isinstance(reason, str) and reason for reason in reasons.values())


@pytest.mark.parametrize("snippet", SNIPPETS, ids=lambda one: f"{one.corpus}/{one.file}")
def test_a_label_points_at_the_drafters_name_or_the_expression_in_its_place(snippet):
    lines = snippet.path.read_text().splitlines()
    for line, column, _, _, drafter, _ in snippet.pairings:
        there = lines[line - 1][column - 1 :]
        assert there
        assert not there[0].isspace()
        assert drafter is None or there[0] in (drafter[0], "$", "{", "(") or there[0].isalpha()


def test_first_contact_is_recorded_for_corpora_that_are_there():
    recorded = json.loads(FIRST_CONTACT.read_text())
    assert {name for entry in recorded for name in entry["corpora"]} <= set(NAMES)
