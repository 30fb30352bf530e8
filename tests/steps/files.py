"""Files: made, changed and looked at, by their path on the host.

A file of a guest is named by its path on the host, /vservers/NAME/...
"""

from __future__ import annotations

import os
import pathlib
import stat
from typing import TYPE_CHECKING

import pytest
from pytest_bdd import given, parsers, then, when

from steps import Shell, eventually, lines

SCRIPTS_2003 = pathlib.Path(__file__).parent.parent / "fixtures/scripts-2003"

if TYPE_CHECKING:
    from testhost import TestHost


@given(parsers.parse('the file "{path}":\n{text}'))
@when(parsers.parse('the file "{path}" becomes:\n{text}'))
def write_file(host: TestHost, path: str, text: str) -> None:
    host.write(path, lines(text))


@given(parsers.parse('the file "{path}" with the line "{line}"'))
def write_line(host: TestHost, path: str, line: str) -> None:
    host.write(path, line + "\n")


@given(parsers.parse('the empty file "{path}"'))
def write_empty(host: TestHost, path: str) -> None:
    host.write(path, "")


@given(parsers.parse('the executable file "{path}":\n{text}'))
def write_executable(host: TestHost, path: str, text: str) -> None:
    host.write(path, lines(text), 0o755)


@given(parsers.parse('the script "{name}" of 2003'))
def install_script(host: TestHost, name: str) -> None:
    text = (SCRIPTS_2003 / name).read_text(encoding="utf-8")
    host.write(f"/usr/local/sbin/{name}", text, 0o755)


@given(parsers.parse('the directory "{path}"'))
def make_directory(host: TestHost, path: str) -> None:
    os.makedirs(host.path(path), exist_ok=True)


@given(parsers.parse('the symbolic link "{path}" to "{target}"'))
def make_link(shell: Shell, path: str, target: str) -> None:
    shell.must(f"ln -sfn '{target}' '{path}'")


@given(parsers.parse('there is no file "{path}"'))
def remove(shell: Shell, path: str) -> None:
    shell.must(f"rm -rf '{path}'")


@given(parsers.parse("the guests lie on a new {kind} file system"))
def make_file_system(shell: Shell, kind: str) -> None:
    """Its loop device goes with the mount."""
    shell.must(
        "cd /dev && test -e loop-control || mknod loop-control c 10 237;"
        " for i in $(seq 0 31); do test -e loop$i || mknod loop$i b 7 $i; done"
    )
    image = f"/tmp/{kind}.img"
    shell.must(f"truncate -s 320M {image} && mkfs.{kind} -q {image}")
    shell.must(f"mount -o loop {image} /vservers && chmod 0 /vservers")


@given("the kernel seals files there")
def need_seal(shell: Shell, host: TestHost) -> None:
    shell.must("touch /vservers/probe")
    result = host.run("/usr/lib/vserver/setattr --immutable --immulink /vservers/probe")
    shell.must("rm -f /vservers/probe")
    if "Operation not supported" in result.err:
        pytest.skip("this kernel lets nobody attach programs to its security hooks")
    assert result.status == 0, result


@then(parsers.parse('the file "{path}" is:\n{text}'))
def file_is(host: TestHost, path: str, text: str) -> None:
    assert host.read(path) == lines(text)


@then(parsers.parse('the file "{path}" is empty'))
def file_is_empty(host: TestHost, path: str) -> None:
    assert host.read(path) == ""


@then(parsers.parse('the file "{path}" has the line "{line}"'))
def file_has_line(host: TestHost, path: str, line: str) -> None:
    eventually(
        lambda: line in _lines(host, path), f"the line {line!r} in {path}: {_lines(host, path)}"
    )


@then(parsers.parse('the file "{path}" contains "{text}"'))
def file_contains(host: TestHost, path: str, text: str) -> None:
    eventually(lambda: text in _text(host, path), f"{text!r} in {path}: {_text(host, path)}")


@then(parsers.parse('the file "{path}" does not contain "{text}"'))
def file_does_not_contain(host: TestHost, path: str, text: str) -> None:
    assert text not in host.read(path), host.read(path)


@then(parsers.parse('the file "{path}" exists'))
def file_exists(host: TestHost, path: str) -> None:
    eventually(lambda: os.path.lexists(host.path(path)), path)


@then(parsers.parse('the file "{path}" does not exist'))
def file_does_not_exist(host: TestHost, path: str) -> None:
    assert not os.path.lexists(host.path(path)), path


@then(parsers.parse('the file "{path}" is executable'))
def file_is_executable(host: TestHost, path: str) -> None:
    assert os.access(host.path(path), os.X_OK), path


@then(parsers.parse('the file "{path}" has the mode {mode}'))
def file_has_mode(host: TestHost, path: str, mode: str) -> None:
    assert f"{stat.S_IMODE(os.stat(host.path(path)).st_mode):04o}" == mode


@then(parsers.parse('the directory "{path}" is empty'))
def directory_is_empty(host: TestHost, path: str) -> None:
    assert os.listdir(host.path(path)) == []


def _lines(host: TestHost, path: str) -> list[str]:
    return _text(host, path).splitlines()


def _text(host: TestHost, path: str) -> str:
    try:
        return host.read(path)
    except FileNotFoundError:
        return ""
