"""The feature files and their steps: every feature is bound, every step is known and used."""

from __future__ import annotations

import ast
import importlib
import pathlib
from typing import TYPE_CHECKING, Any

import pytest
from pytest_bdd.parser import parse_feature

import coverage_changelog

if TYPE_CHECKING:
    from collections.abc import Iterator

TESTS = pathlib.Path(__file__).resolve().parent.parent
FEATURES = coverage_changelog.FEATURES
FILES = sorted(FEATURES.rglob("*.feature"))


def bound_paths() -> Iterator[pathlib.Path]:
    """What the modules of tests/features give to scenarios()."""
    for module in (TESTS / "features").glob("test_*.py"):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("scenarios"):
                yield from (FEATURES / ast.literal_eval(path) for path in node.args)


def definitions() -> list[tuple[str, Any]]:
    """All steps that are defined: (type, parser)."""
    found = []
    for file in (TESTS / "steps").glob("[a-z]*.py"):
        module = importlib.import_module(f"steps.{file.stem}")
        for name, value in vars(module).items():
            if name.startswith("pytestbdd_"):
                found.append((value.step_type, value.parser))
    return found


def used_steps() -> Iterator[tuple[str, str, str]]:
    """All steps of all scenarios: (type, text, where)."""
    for file in FILES:
        feature = parse_feature(str(FEATURES), str(file.relative_to(FEATURES)))
        for template in feature.scenarios.values():
            contexts = list(template.examples.as_contexts()) or [{}]
            for context in contexts:
                for step in template.render(context).steps:
                    yield step.type, step.name, f"{file.name}:{step.line_number}"


def test_every_feature_is_bound_once() -> None:
    bound = [file for path in bound_paths() for file in FILES if path in (file, *file.parents)]
    assert sorted(bound) == FILES


def test_every_step_is_defined() -> None:
    known = definitions()
    unknown = [
        f"{where}: {kind} {text}"
        for kind, text, where in used_steps()
        if not any(of == kind and parser.is_matching(text) for of, parser in known)
    ]
    assert not unknown


def test_every_tag_is_in_the_change_log(capsys: pytest.CaptureFixture[str]) -> None:
    assert coverage_changelog.main([]) == 0, capsys.readouterr().err


def test_scenario_titles_are_not_repeated_in_a_feature() -> None:
    """The second of two equal titles would silently replace the first."""
    for file in FILES:
        lines = file.read_text(encoding="utf-8").splitlines()
        titles = [line.strip() for line in lines if line.strip().startswith("Scenario")]
        assert len(titles) == len(set(titles)), file.name


def test_every_step_is_used() -> None:
    used = {(kind, text) for kind, text, _where in used_steps()}
    unused = [
        f"{kind} {parser.name}"
        for kind, parser in definitions()
        if not any(of == kind and parser.is_matching(text) for of, text in used)
    ]
    assert not unused
