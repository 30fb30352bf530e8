"""Evaluation of configuration files: whatever a shell program can do, the answer is clean."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from vserver import config, evaluator, paths
from vserver.errors import VserverError

if TYPE_CHECKING:
    from collections.abc import Callable

    Write = Callable[..., None]

FIXTURES = Path(__file__).parent.parent / "fixtures"
SETTING = "\nIPROOT=1.2.3.4\n"


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """A function that writes web's configuration and, if there is to be one, the system's."""
    monkeypatch.setattr(paths, "SYSTEM_CONF", str(tmp_path / "vservers.conf"))
    monkeypatch.setattr(paths, "CONF_DIR", str(tmp_path / "vservers"))
    (tmp_path / "vservers").mkdir()
    monkeypatch.delenv("PROFILE", raising=False)

    def write(text: str | bytes, system: str | bytes | None = None) -> None:
        for path, content in ((paths.guest_conf("web"), text), (paths.SYSTEM_CONF, system)):
            if content is not None:
                raw = content.encode() if isinstance(content, str) else content
                Path(path).write_bytes(raw)

    return write


@pytest.fixture
def conf_2003(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "SYSTEM_CONF", str(FIXTURES / "vservers.conf"))
    monkeypatch.setattr(paths, "CONF_DIR", str(FIXTURES / "conf-2003"))


def fault() -> str:
    with pytest.raises(VserverError) as caught:
        config.read("web")
    return caught.value.text


@pytest.mark.usefixtures("conf_2003")
@pytest.mark.parametrize("name", [path.stem for path in (FIXTURES / "conf-2003").glob("*.conf")])
def test_files_of_the_time_give_what_they_gave(name: str) -> None:
    settings = config.read(name, environ={"PATH": os.environ["PATH"]})
    lines = [f"{variable}={settings[variable]}\n" for variable in config.VARIABLES]
    expected = (FIXTURES / "conf-2003" / f"{name}.out").read_bytes()
    assert os.fsencode("".join(lines)) == expected


@pytest.mark.parametrize(
    "line",
    [
        "set -e; false",
        "set -u",
        "set -C",
        "set -f",
        "set -T; trap 'echo debugging' DEBUG",
        "cd /; umask 777; IFS=:4; LC_ALL=C; ulimit -f 1",
        "PATH=/nonexistent",
        "unset PATH HOME; shopt -s extglob nullglob nocasematch",
        "for name in printf builtin unset set trap command echo compgen mapfile; do\n"
        'eval "$name() { echo called $name; }"; done',
        "shopt -s expand_aliases\nalias printf=false builtin=false unset=false set=false if=for",
        "readonly IPROOT=1.2.3.4; readonly PROFILE",
        "exec 0<&- 1>&- 2>&-",
        'for fd in /proc/self/fd/*; do eval "exec ${fd##*/}>&-"; done',
        "exec >/dev/full 2>&1",
        "trap 'echo bye' EXIT",
        "trap '' EXIT TERM",
        "set -o posix",
        "(exit 3); x=$(exit 4)",
        "source /nonexistent/file",
        "nonexistent-command",
        "IPROOT=0\ncat >/dev/null <<END\n}\nEND",
    ],
)
def test_nothing_in_the_file_breaks_the_result(line: str, write: Write) -> None:
    write(line + SETTING)
    assert config.read("web")["IPROOT"] == "1.2.3.4"


@pytest.mark.parametrize("line", ["exit 0", "exit", "f() { exit 0; }; f", "trap : EXIT; exit"])
def test_exit_0_ends_with_the_values_as_they_stand(line: str, write: Write) -> None:
    write(f"{SETTING}{line}\nIPROOT=9.9.9.9\n")
    assert config.read("web")["IPROOT"] == "1.2.3.4"


@pytest.mark.parametrize(
    "line",
    [
        "exit 3",
        "false; exit",
        "f() { exit 4; }; f",
        "exec true",
        "kill $$",
        "kill -9 $$",
        "set -u; x=$UNDEFINED",
        ": ${ADDRESS:?must be set}",
        "trap : EXIT; exit 1",
        "set -n",
    ],
)
def test_a_file_that_does_not_end_is_an_error(line: str, write: Write) -> None:
    write(SETTING + line + SETTING, system="BACKGROUND=no\n")
    assert fault() == f"Error in configuration file {paths.guest_conf('web')}"
    write(SETTING, system=line + SETTING)
    assert fault() == f"Error in configuration file {paths.SYSTEM_CONF}"


@pytest.mark.parametrize(
    "line", ["if", "FOO='abc", "}", "}\n{", "fi", "case x in", "echo )", "x() {", "a=$(", ";;"]
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_syntax_error_is_told_before_anything_runs(
    line: str, end: str, write: Write, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    bad = f"touch {tmp_path}/ran{SETTING}{line}\n".replace("\n", end)
    write(bad, system="BACKGROUND=no\n")
    assert fault() == f"Error in configuration file {paths.guest_conf('web')}"
    assert "line " in capfd.readouterr().err
    write(SETTING, system=bad)
    assert fault() == f"Error in configuration file {paths.SYSTEM_CONF}"
    assert not (tmp_path / "ran").exists()


def test_what_a_file_prints_goes_to_standard_error(
    write: Write, capfd: pytest.CaptureFixture[str]
) -> None:
    write("echo reading; cat; head -c 1 >&2" + SETTING)
    assert config.read("web")["IPROOT"] == "1.2.3.4"
    assert capfd.readouterr() == ("", "reading\n")


def test_a_process_that_a_file_leaves_behind_is_not_waited_for(write: Write) -> None:
    write("sleep 5 & disown" + SETTING)
    began = time.monotonic()
    config.read("web")
    assert time.monotonic() - began < 4


def test_only_the_profile_comes_from_the_environment(write: Write) -> None:
    write("S_CAPS=${PROFILE:-none}\nS_FLAGS=$IPROOT$VSERVERDIR$S_NICE\n")
    leaks = {"IPROOT": "leak", "VSERVERDIR": "leak", "S_NICE": "3", "PATH": "/bin"}
    hooks = {"BASH_ENV": "/nonexistent", "SHELLOPTS": "noexec", "POSIXLY_CORRECT": "1"}
    settings = config.read("web", environ=leaks | hooks | {"PROFILE": "night"})
    assert [settings[name] for name in ("IPROOT", "S_NICE", "S_FLAGS")] == ["", "", ""]
    assert settings["S_CAPS"] == settings["PROFILE"] == "night"
    assert settings.exports == {}


@pytest.mark.parametrize("profile", ["prod", 'it\'s `here` $HOME "*" ]]'])
def test_a_forced_profile_wins_over_every_assignment(profile: str, write: Write) -> None:
    write(
        "PROFILE=backup\nS_HOSTNAME=$PROFILE\nf() { PROFILE=c; S_FLAGS=$PROFILE; }; f\n"
        "trap - DEBUG; trap '' debug; export PROFILE=q; S_CAPS=$PROFILE\n"
        "false; S_NICE=$?; readonly PROFILE; ULIMIT=$PROFILE\n",
        system="PROFILE=system\nS_DOMAINNAME=$PROFILE\n",
    )
    settings = config.read("web", forced_profile=profile)
    taken = ("PROFILE", "S_HOSTNAME", "S_FLAGS", "S_CAPS", "ULIMIT", "S_DOMAINNAME")
    assert {settings[name] for name in taken} == {profile}
    assert settings["S_NICE"] == "1"


def test_exports_are_what_the_files_exported(write: Write) -> None:
    write("export TZ=CET LANG=de B='a\nb='\nexport IPROOT=1 PROFILE=x\nC=no\ncd /\nexport KEPT\n")
    environ = {"LANG": "en", "KEPT": "same", "HOME": "/root"}
    assert config.read("web", environ=environ).exports == {"TZ": "CET", "LANG": "de", "B": "a\nb="}


def test_windows_line_ends_in_both_files(write: Write) -> None:
    system = b"if true; then\r\n  S_CAPS=CAP_NET_RAW\r\nfi\r\nreturn\r\nexit 3\r\n"
    write(b"S_FLAGS='a b'\r\nS_NICE=4\r", system)
    settings = config.read("web")
    assert [settings[name] for name in ("S_CAPS", "S_FLAGS", "S_NICE")] == [
        "CAP_NET_RAW",
        "a b",
        "4",
    ]
    write(f"source {paths.SYSTEM_CONF}\nIPROOT=$S_CAPS.x\n")
    assert config.read("web")["IPROOT"] == "CAP_NET_RAW.x"


def test_any_byte_survives_but_a_newline_is_a_blank(write: Write) -> None:
    value = bytes(byte for byte in range(1, 256) if byte not in b"'\n")
    write(b"S_HOSTNAME='" + value + b"\n\n'\nexport X=\xff\n")
    settings = config.read("web")
    assert os.fsencode(settings["S_HOSTNAME"]) == value + b"  "
    assert os.fsencode(settings.exports["X"]) == b"\xff"


def test_roots_are_never_empty(write: Write) -> None:
    write("VSERVERS_ROOT=\nVSERVERDIR=\n")
    assert config.read("web")["VSERVERDIR"] == "/vservers/web"
    write("", system="VSERVERS_ROOT=/srv/vs//\n")
    assert config.read("web")["VSERVERDIR"] == "/srv/vs/web"
    write("VSERVERS_ROOT=/\nPRIORITY=\n")
    settings = config.read("web")
    assert (settings["VSERVERDIR"], settings["PRIORITY"]) == ("/web", "")


def test_words_are_split_on_blanks_only(write: Write) -> None:
    write("S_CAPS=' *  a\tb\nc\xa0d '\n")
    assert config.read("web").words("S_CAPS") == ["*", "a", "b", "c\xa0d"]


def test_an_unknown_variable_is_a_mistake_of_the_caller(write: Write) -> None:
    write("IPV4ROOT=1.2.3.4\n")
    with pytest.raises(KeyError):
        config.read("web")["IPV4ROOT"]


@pytest.mark.parametrize(
    ("name", "valid"),
    [("web", True), ("www.example.com", True), ("A_1+2-3", True), ("x" * 243, True)]
    + [
        (name, False)
        for name in ("", ".", "..", "-x", ".x", "a/b", "web/", "a b", "a\n", "ä", "a*", "x" * 244)
    ],
)
def test_names(name: str, *, valid: bool) -> None:
    assert config.valid_name(name) is valid


@pytest.mark.parametrize("name", ["none", "web/", "../web", "", "x" * 300])
def test_an_unknown_name_is_one_message(name: str, write: Write) -> None:
    write("")
    with pytest.raises(VserverError) as caught:
        config.read(name)
    assert caught.value.text == (f"No configuration for this vserver: {paths.CONF_DIR}/{name}.conf")


def test_names_are_those_of_configuration_files(write: Write) -> None:
    write("")
    for name in ("b.conf", "a.b.conf", "-x.conf", ".conf", "newvserver.defaults", "web.sh"):
        Path(paths.CONF_DIR, name).touch()
    Path(paths.CONF_DIR, "dir.conf").mkdir()
    Path(paths.CONF_DIR, "loop.conf").symlink_to("loop.conf")
    assert config.names() == ["a.b", "b", "web"]


def test_no_directory_no_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "CONF_DIR", "/nonexistent")
    assert config.names() == []


def test_system_defaults(write: Write) -> None:
    write("VSERVERS_ROOT=/guest\n")
    assert config.system_defaults()["VSERVERS_ROOT"] == "/vservers"
    write("", system="VSERVERS_ROOT=/srv\nBACKGROUND=yes\n")
    defaults = config.system_defaults()
    assert (defaults["VSERVERS_ROOT"], defaults["BACKGROUND"]) == ("/srv", "yes")


@pytest.fixture(params=["dash", "busybox"])
def without_bash(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> str:
    """A machine whose only shell is this one, as sh."""
    shell = str(request.param)
    (tmp_path / "sh").symlink_to(f"/bin/{shell}")
    monkeypatch.setattr(evaluator, "BASH_PATHS", ())
    monkeypatch.setattr(evaluator, "SH_PATH", str(tmp_path / "sh"))
    return shell


@pytest.mark.usefixtures("without_bash", "conf_2003")
@pytest.mark.parametrize("name", ["generated", "sourced", "loop", "function", "quotes", "latin1"])
def test_without_bash_the_files_of_the_time_give_the_same(name: str) -> None:
    test_files_of_the_time_give_what_they_gave(name)


@pytest.mark.usefixtures("without_bash")
def test_without_bash_source_exit_exports_and_faults(write: Write) -> None:
    write(f"source {paths.SYSTEM_CONF}\nexport TZ=CET\nS_NICE=$X\nexit 0\n", system="X=5\n")
    settings = config.read("web")
    assert settings["S_NICE"] == "5"
    assert settings.exports["TZ"] == "CET"
    for line in ("if", "exit 3", "exec true", "kill $$"):
        write(SETTING + line + "\n")
        assert fault() == f"Error in configuration file {paths.guest_conf('web')}"
    write(b"S_FLAGS=a\r\nif true; then\r\nS_NICE=4\r\nfi\r\n")
    assert config.read("web")["S_NICE"] == "4"
