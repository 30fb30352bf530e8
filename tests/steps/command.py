"""Commands: I run ..., and what comes of it; commands in the background; terminals.

`Given I run` is for setting up and must succeed. "It" and "the output" are those of the command
that was run last, standard output unless standard error is named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_bdd import given, parsers, then, when

from commands import PATIENCE
from steps import Shell, eventually, lines

if TYPE_CHECKING:
    from testhost import TestHost

KEYS = {"Enter": "\n", "Control-C": "\x03", "Control-D": "\x04", "Control-Z": "\x1a"}


@given(parsers.parse('I run "{command}"'))
def run_for_setup(shell: Shell, command: str) -> None:
    assert shell.run(command).status == 0, shell.result


@when(parsers.parse('I run "{command}"'))
def run(shell: Shell, command: str) -> None:
    shell.run(command)


@when(parsers.parse("I run the script:\n{script}"))
def run_script(shell: Shell, script: str) -> None:
    shell.run(script)


@when(parsers.parse('I run "{command}" with the input:\n{text}'))
def run_with_input(shell: Shell, command: str, text: str) -> None:
    shell.run(command, keys=lines(text))


@when(parsers.parse('I run "{command}" on the lan machine'))
def run_on_lan(shell: Shell, host: TestHost, command: str) -> None:
    shell.run(command, on=host.lan)


@then("the command succeeds")
def succeeds(shell: Shell) -> None:
    assert shell.result.status == 0, shell.result


@then("the command fails")
def fails(shell: Shell) -> None:
    assert shell.result.status != 0, shell.result


@then(parsers.parse("the command fails with status {status:d}"))
def fails_with(shell: Shell, status: int) -> None:
    assert shell.result.status == status, shell.result


@then(parsers.parse("the command ends by signal {signal:d}"))
def ends_by_signal(shell: Shell, signal: int) -> None:
    assert shell.result.status == -signal, shell.result


@then(parsers.parse("the command takes less than {seconds:g} seconds"))
def takes_less(shell: Shell, seconds: float) -> None:
    assert shell.seconds < seconds * PATIENCE, f"it took {shell.seconds:.2f} s"


@then(parsers.parse('it prints "{line}"'))
def prints(shell: Shell, line: str) -> None:
    assert shell.result.out == line + "\n", shell.result


@then(parsers.parse("it prints:\n{text}"))
def prints_lines(shell: Shell, text: str) -> None:
    assert shell.result.out == lines(text), shell.result


@then("it prints nothing")
def prints_nothing(shell: Shell) -> None:
    assert shell.result.out == "", shell.result


@then(parsers.parse('the output contains "{text}"'))
def contains(shell: Shell, text: str) -> None:
    assert text in shell.result.out, shell.result


@then(parsers.parse('the output has the line "{line}"'))
def has_line(shell: Shell, line: str) -> None:
    assert line in shell.result.out.splitlines(), shell.result


@then(parsers.parse('the output does not contain "{text}"'))
def does_not_contain(shell: Shell, text: str) -> None:
    assert text not in shell.result.out, shell.result


@then(parsers.parse('it says "{line}" on standard error'))
def says(shell: Shell, line: str) -> None:
    assert shell.result.err == line + "\n", shell.result


@then(parsers.parse("it says on standard error:\n{text}"))
def says_lines(shell: Shell, text: str) -> None:
    assert shell.result.err == lines(text), shell.result


@then(parsers.parse('standard error contains "{text}"'))
def error_contains(shell: Shell, text: str) -> None:
    assert text in shell.result.err, shell.result


@then("standard error is empty")
def error_empty(shell: Shell) -> None:
    assert shell.result.err == "", shell.result


@then("standard error is one line")
def error_is_one_line(shell: Shell) -> None:
    assert shell.result.err.count("\n") == 1, shell.result


# --- in the background -------------------------------------------------------------------


@given(parsers.parse('"{command}" runs in the background'))
@when(parsers.parse('I start "{command}"'))
def start(shell: Shell, host: TestHost, command: str) -> None:
    shell.background.append(host.start(command))


@given(parsers.parse('the command in the background prints "{line}"'))
@then(parsers.parse('the command in the background prints "{line}"'))
def background_prints(shell: Shell, line: str) -> None:
    shell.background[-1].expect(line + "\n")


@then("the command in the background goes on")
def background_runs(shell: Shell) -> None:
    process = shell.background[-1]
    assert process.running, (process.status, process.output)


@then("the command in the background ends")
def background_ends(shell: Shell) -> None:
    process = shell.background[-1]
    eventually(lambda: not process.running, f"end of the command; {process.output}")


# --- terminals ---------------------------------------------------------------------------


@given(parsers.parse('"{command}" runs on a terminal'))
@when(parsers.parse('I run "{command}" on a terminal'))
def run_on_terminal(shell: Shell, host: TestHost, command: str) -> None:
    shell.terminal = host.terminal(command)


@when(parsers.parse('I type "{text}"'))
def type_text(shell: Shell, text: str) -> None:
    shell.terminal.send(text + "\n")


@when(parsers.parse("I press {key}"))
def press(shell: Shell, key: str) -> None:
    shell.terminal.send(KEYS[key])


@when(parsers.parse("the terminal is resized to {rows:d} rows and {columns:d} columns"))
def resize(shell: Shell, rows: int, columns: int) -> None:
    shell.terminal.resize(rows, columns)


@given(parsers.parse('the screen shows "{text}"'))
@when(parsers.parse('the screen shows "{text}"'))
@then(parsers.parse('the screen shows "{text}"'))
def screen_shows(shell: Shell, text: str) -> None:
    shell.terminal.expect(text)


@then(parsers.parse("the command on the terminal ends with status {status:d}"))
def terminal_ends(shell: Shell, status: int) -> None:
    assert shell.terminal.wait() == status, shell.terminal.screen
