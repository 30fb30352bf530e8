"""printconf.sh: any shell can evaluate what it prints, whatever the values are."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from vserver import config, paths
from vserver.cli import printconf
from vserver.errors import VserverError

SHELLS = ["bash", "dash", "busybox sh"]
PIECES = ["a", "Z", "'", '"', "\\", "$", "`", "*", "?", "[", "]", "~", "#", ";", "&", "|", "!", "="]
PIECES += [
    "(",
    ")",
    "{",
    "}",
    "<",
    ">",
    "%",
    "-",
    " ",
    "\xe9",
    "$(touch ran)",
    "`touch ran`",
    "$HOME",
]


def values() -> list[str]:
    """Random values, without runs of blanks: an unquoted eval cannot keep those."""
    chance = random.Random(31)
    made = ("".join(chance.choices(PIECES, k=chance.randint(0, 12))) for _ in range(200))
    return [" ".join(value.split()) for value in made]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A current directory whose file names match patterns in the values."""
    for name in ("a", "Z", "aa", '"*"', '"\\*"', "IPROOT=evil", 'V0="a', "-n", "[]"):
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("form", ['eval "$(cat lines)"', "eval `cat lines`"])
def test_quoted_values_are_exact_after_eval(shell: str, form: str, directory: Path) -> None:
    expected = values()
    lines = [f"V{i}={printconf.quote(value)}\n" for i, value in enumerate(expected)]
    (directory / "lines").write_text("".join(lines))
    names = " ".join(f'"$V{i}"' for i in range(len(expected)))
    done = subprocess.run(
        [*shell.split(), "-c", rf"{form} && printf '%s\0' {names}"],
        cwd=directory,
        stdout=subprocess.PIPE,
        check=True,
    )
    assert os.fsdecode(done.stdout).split("\0")[:-1] == expected
    assert not (directory / "ran").exists()


def test_form_of_quoted_values() -> None:
    assert printconf.quote("") == '""'
    assert printconf.quote('a "b" $c `d` \\e') == r'"a \"b\" \$c \`d\` \\e"'
    assert printconf.quote("a * b") == '"a "\\*" b"'


@pytest.fixture
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The configuration file of the virtual server web."""
    monkeypatch.setattr(paths, "SYSTEM_CONF", "/nonexistent")
    monkeypatch.setattr(paths, "CONF_DIR", str(tmp_path))
    return tmp_path / "web.conf"


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["printconf.sh", *words])
    return printconf.main()


def test_every_variable_once_in_its_order(
    web: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    web.write_text("# comment\nIPROOT=\"10.0.0.1 10.0.0.2\" # more\nPROFILE='$x'\nS_CAPS='a\nb'\n")
    assert run(monkeypatch, "web") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition("=")[0] for line in lines] == list(config.VARIABLES)
    assert {"IPROOT=10.0.0.1 10.0.0.2", "PROFILE=$x", "S_CAPS=a b", "ONBOOT="} < set(lines)


@pytest.mark.parametrize("option", ["--quote", "--quota"])
def test_options(
    option: str, web: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    web.write_text("PROFILE=prod\nS_HOSTNAME=$PROFILE.example.com\n")
    assert run(monkeypatch, option, "--profile", "backup", "web") == 0
    assert 'S_HOSTNAME="backup.example.com"\n' in capsys.readouterr().out


@pytest.mark.parametrize(
    "words", [[], ["--quote"], ["web", "more"], ["--all", "web"], ["--profile"], ["web", "--quote"]]
)
def test_usage(words: list[str], web: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    web.touch()
    with pytest.raises(VserverError) as caught:
        run(monkeypatch, *words)
    assert (caught.value.text, caught.value.status) == (printconf.USAGE, 1)
