"""Host programs are run without a shell, a terminal or a thread of their own."""

from __future__ import annotations

import threading

import pytest

from vserver import command
from vserver.errors import VserverError


def test_the_status_is_the_programs() -> None:
    assert command.run(["true"]) == 0
    assert command.run(["sh", "-c", "exit 7"]) == 7
    assert command.run(["sh", "-c", "kill -9 $$"]) == 137


def test_words_reach_the_program_unchanged(capfd: pytest.CaptureFixture[str]) -> None:
    assert command.run(["printf", "<%s>", "a  b", "", "*", "$HOME", "it's"]) == 0
    assert capfd.readouterr().out == "<a  b><><*><$HOME><it's>"


def test_output_is_returned() -> None:
    assert command.output(["printf", "a\\nb\\377"]) == "a\nb\udcff"
    assert command.output(["pwd"], directory="/usr") == "/usr\n"


def test_output_is_no_terminal() -> None:
    assert command.output(["sh", "-c", "test -t 1 || echo pipe"]) == "pipe\n"


def test_a_failure_tells_what_the_program_said() -> None:
    with pytest.raises(VserverError) as error:
        command.output(["sh", "-c", "echo first >&2; echo last >&2; exit 3"])
    assert (error.value.text, error.value.status) == ("sh: last", 3)
    with pytest.raises(VserverError) as error:
        command.output(["false"])
    assert error.value.text == "false: exit status 1"


@pytest.mark.parametrize("call", [command.run, command.output])
def test_a_missing_program(call: object) -> None:
    assert callable(call)
    with pytest.raises(VserverError) as error:
        call(["/no/such/program"])
    assert error.value.status == 255


def test_no_thread_is_left_in_the_foreground() -> None:
    command.run(["true"])
    assert threading.active_count() == 1
