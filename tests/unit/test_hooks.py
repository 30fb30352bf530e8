"""The hook script runs when it is executable, and nothing it does stops a command."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from vserver import hooks, paths

MakeHook = Callable[..., Path]


@pytest.fixture
def make_hook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeHook:
    """Writes web.sh; what it prints goes to the file ``log``."""
    monkeypatch.setattr(paths, "CONF_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    def make(text: str, mode: int = 0o755) -> Path:
        (tmp_path / "web.sh").write_text(text)
        (tmp_path / "web.sh").chmod(mode)
        return tmp_path / "log"

    return make


def test_the_hook_is_told_event_and_name(make_hook: MakeHook) -> None:
    log = make_hook('#!/bin/sh\necho "$# $1 $2 $PROFILE $PWD" >>log\n')
    hooks.run("web", "pre-start", {"PROFILE": "prod"})
    assert log.read_text() == f"2 pre-start web prod {log.parent}\n"


def test_the_hook_runs_where_it_is_told(make_hook: MakeHook) -> None:
    log = make_hook('#!/bin/sh\npwd >"$LOG"\n')
    hooks.run("web", "post-stop", {"LOG": str(log)}, "/")
    assert log.read_text() == "/\n"


def test_a_hook_that_is_not_executable_does_not_run(make_hook: MakeHook) -> None:
    log = make_hook("#!/bin/sh\necho >log\n", 0o644)
    hooks.run("web", "pre-start", {})
    hooks.run("other", "pre-start", {})
    assert not log.exists()


def test_a_hook_without_interpreter_line_is_a_shell_script(make_hook: MakeHook) -> None:
    log = make_hook('echo "$1 $2" >log\n')
    hooks.run("web", "pre-stop", {})
    assert log.read_text() == "pre-stop web\n"


def test_a_hook_dies_of_a_broken_pipe_as_programs_do(make_hook: MakeHook) -> None:
    log = make_hook("#!/bin/sh\ngrep SigIgn: /proc/self/status >log\n")
    hooks.run("web", "pre-start", dict(os.environ))
    assert int(log.read_text().split()[1], 16) & 1 << 12 == 0


def test_a_failing_hook_stops_nothing(make_hook: MakeHook) -> None:
    log = make_hook("#!/bin/sh\necho >log\nexit 7\n")
    assert hooks.run("web", "pre-start", {}) == ""
    assert log.exists()


def test_a_hook_that_cannot_be_run_is_told(make_hook: MakeHook) -> None:
    log = make_hook("#!/no/such/interpreter\n")
    said = hooks.run("web", "pre-start", {})
    assert said == f"{log.parent}/web.sh: No such file or directory"
