"""Documentation: manual pages and the plain texts, as installed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_bdd import parsers, then

if TYPE_CHECKING:
    from testhost import TestHost

TEXTS = "/usr/share/doc/vserver"
LIST = (
    "sed 's/^[0-9a-f]*  //' /usr/lib/vserver/.manifest"
    " | grep -E '^\\./usr/(sbin|lib/vserver)/[^/]+$'"
)
NOT_PROGRAMS = {".manifest", "quotabroker", "sample.conf", "sample.sh", "stub"}
WRAPPERS = {"rootshell", "vps", "vpstree", "vtop"}  # --help is that of the program they run
OPTION = re.compile(r"(?<![\w-])--?[a-zA-Z][a-zA-Z_-]*")


@then("every installed command has a manual page")
def has_page(host: TestHost) -> None:
    missing = [command for command in _commands(host) if not _page(host, command)]
    assert not missing


@then("every option in a command's usage is in its page")
def page_has_options(host: TestHost) -> None:
    missing = {
        command: options
        for command in _commands(host)
        if (options := _options(host, command) - set(OPTION.findall(_page(host, command))))
    }
    assert not missing


@then("no page renders with a warning")
def renders(host: TestHost) -> None:
    for command in _commands(host):
        result = host.run(f"man --warnings -P cat {command}")
        assert result.err == "", (command, result.err)


@then(parsers.parse('the page "{page}" of section {section} explains every variable of {program}'))
def page_explains(host: TestHost, page: str, section: str, program: str) -> None:
    host.write("/etc/vservers/any.conf", "")
    printed = host.run(f"/usr/lib/vserver/{program} any").out
    variables = {line.split("=")[0] for line in printed.splitlines()}
    text = host.run(f"man -P cat {section} {page}").out
    assert variables
    assert not {name for name in variables if name not in text}


@then(parsers.parse('the text "{name}" has "{one}" and "{other}"'))
def text_has(host: TestHost, name: str, one: str, other: str) -> None:
    text = host.read(f"{TEXTS}/{name}")
    assert one in text
    assert other in text


@then(parsers.parse('every option in the usage of "{command}" is in the text "{name}"'))
def text_has_options(host: TestHost, command: str, name: str) -> None:
    options = _options(host, command)
    assert options
    assert not options - set(OPTION.findall(host.read(f"{TEXTS}/{name}")))


def _commands(host: TestHost) -> list[str]:
    """The programs that the package installed, by their names."""
    listed = host.run(["sh", "-c", LIST]).out.split()
    names = {path.rsplit("/", 1)[1] for path in listed}
    assert names
    return sorted(name for name in names - NOT_PROGRAMS if not name.startswith("install-"))


def _page(host: TestHost, command: str) -> str:
    return host.run(f"man -P cat {command}").out


def _options(host: TestHost, command: str) -> set[str]:
    """The options that ``command --help`` shows, but for --help itself."""
    if command in WRAPPERS:
        return set()
    result = host.run(["sh", "-c", f"PATH=$PATH:/usr/lib/vserver; {command} --help </dev/null"])
    return set(OPTION.findall(result.out + result.err)) - {"--help", "-login"}
