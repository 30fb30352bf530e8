"""The shipped and generated configuration files say the same as the manual."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from vserver import config, default_conf, paths

TREE = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def directories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "SYSTEM_CONF", str(TREE / "etc/vservers.conf"))
    monkeypatch.setattr(paths, "CONF_DIR", str(tmp_path))


def settings(text: str, profile: str = "") -> dict[str, str]:
    """The variables that are not empty with this text as a configuration."""
    Path(paths.guest_conf("web")).write_text(text)
    read = config.read("web", environ={"PROFILE": profile} if profile else {})
    return {name: read[name] for name in config.VARIABLES if read[name]}


COMMON = {
    "VSERVERS_ROOT": "/vservers",
    "VSERVERDIR": "/vservers/web",
    "IPROOT": "1.2.3.4",
    "S_FLAGS": "lock nproc",
    "ULIMIT": "-HS -u 1000",
}


def test_default_configuration() -> None:
    assert settings(default_conf.text()) == COMMON | {"PROFILE": "prod"}
    assert settings(default_conf.text(), "backup") == COMMON | {"PROFILE": "backup"}


def test_the_profile_is_chosen_when_the_file_is_read() -> None:
    assert 'if [ "$PROFILE" = "" ]; then\n\tPROFILE=prod\nfi\n' in default_conf.text()


def test_another_root_is_written_and_only_then() -> None:
    assert "\nVSERVERS_ROOT=" not in default_conf.text()
    assert settings(default_conf.text(vservers_root="/srv/vs"))["VSERVERDIR"] == "/srv/vs/web"


def test_description_and_source_line_come_first() -> None:
    lines = default_conf.text(description="mail").splitlines()
    assert lines[:2] == ["# Description: mail", "source /etc/vservers.conf"]


def test_sample_configuration() -> None:
    sample = {"IPROOTDEV": "eth0", "S_HOSTNAME": "somename.somedomain.com"}
    assert settings((TREE / "lib/vserver/sample.conf").read_text()) == COMMON | sample


def test_newvserver_defaults_are_all_comments() -> None:
    lines = (TREE / "etc/vservers/newvserver.defaults").read_text().splitlines()
    assert all(line.startswith("#") for line in lines if line)
    names = {"name", "desc", "hostname", "ip", "clone", "unify", "ondev", "newvroot"}
    assert {line[1:].partition("=")[0] for line in lines if "=" in line} == names


def test_the_manual_explains_every_variable() -> None:
    manual = (TREE / "man/vserver.conf.5").read_text()
    explained = set(re.findall(r"^\.TP\n\.B (\w+)$", manual, re.MULTILINE))
    assert explained >= set(config.SYSTEM_VARIABLES)


@pytest.mark.parametrize("file", ["newvserver.defaults", "sample.conf", "sample.sh"])
def test_the_manual_pages_that_are_named_are_there(file: str) -> None:
    directory = "etc/vservers" if file.startswith("new") else "lib/vserver"
    for page in re.findall(r"[\w.-]+\(\d\)", (TREE / directory / file).read_text()):
        assert (TREE / "man" / page.replace("(", ".").rstrip(")")).exists(), page
