"""How a command ends: its status, and one line on standard error."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

LIBRARY = Path(__file__).parents[2] / "lib"
SCRIPT = """
import sys
sys.path.insert(0, {library!r})
from vserver.cli import inform, run, say

def main():
{body}

run(main, failed=7)
"""


def start(body: str, redirection: str = "") -> subprocess.Popen[str]:
    """A command with ``body`` as its main, started by a shell that redirects it."""
    script = SCRIPT.format(library=str(LIBRARY), body=f"    {body}")
    interruptible = ["env", "--default-signal=INT"]  # as it may not be where the tests were started
    shell = [*interruptible, "/bin/sh", "-c", f'exec "$@" {redirection}', "sh"]
    command = [*shell, sys.executable, "-I", "-c", script]
    return subprocess.Popen(
        command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, errors="surrogateescape"
    )


def outcome(body: str, redirection: str = "") -> tuple[int, str, str]:
    """Its status, its output and what it said on standard error."""
    with start(body, redirection) as process:
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err


def test_an_error_of_the_machine_is_one_line_with_the_path() -> None:
    status, _out, err = outcome("open('/nowhere/at/all')")
    assert (status, err) == (7, "-c: /nowhere/at/all: No such file or directory\n")


def test_a_bug_is_one_line() -> None:
    status, _out, err = outcome("raise ValueError('two\\nlines')")
    assert (status, err) == (7, "-c: internal error: ValueError: two lines\n")


@pytest.mark.parametrize(
    ("what", "status", "line"),
    [
        ("raise KeyboardInterrupt", -signal.SIGINT, ""),
        ("import vserver.cli.none", 1, "No module named 'vserver.cli.none'"),
        ("raise MemoryError", 1, "Cannot allocate memory"),
    ],
)
def test_what_goes_wrong_while_a_command_is_loaded_is_one_line(
    what: str, status: int, line: str
) -> None:
    script = f"import sys; sys.path.append({str(LIBRARY)!r}); import vserver.cli; {what}"
    result = subprocess.run(
        [sys.executable, "-I", "-c", script], check=False, capture_output=True, text=True
    )
    assert (result.returncode, result.stdout) == (status, "")
    assert result.stderr.count("\n") == bool(line)
    assert line in result.stderr


def test_a_want_of_memory_is_no_bug() -> None:
    status, _out, err = outcome("bytes(1 << 60)")
    assert (status, err) == (7, "-c: Cannot allocate memory\n")


def test_what_cannot_be_said_is_one_line() -> None:
    status, _out, err = outcome("say('hello')", ">/dev/full")
    assert (status, err) == (7, "-c: write error: No space left on device\n")


def test_progress_that_cannot_be_told_does_not_end_the_work() -> None:
    body = "inform('hello'); print('done', file=sys.stderr); return 0"
    status, _out, err = outcome(body, ">/dev/full")
    assert (status, err) == (1, "-c: write error: No space left on device\ndone\n")


def test_progress_that_cannot_be_told_is_told_once() -> None:
    body = "inform('hello'); __import__('os').system('echo hello'); inform('hello'); return 0"
    status, _out, err = outcome(body, ">/dev/full")
    assert (status, err) == (1, "-c: write error: No space left on device\n")


def test_bytes_that_are_no_text_are_printed_as_they_were_read() -> None:
    status, out, err = outcome("say('\\udcff'); print('\\udcfe', file=sys.stderr); return 0")
    assert (status, out, err) == (0, "\udcff\n", "\udcfe\n")


def test_a_number_of_any_length_is_a_number() -> None:
    status, _out, err = outcome("return 0 if int('9' * 5000) > 0 else 1")
    assert (status, err) == (0, "")


def test_an_interrupt_ends_the_loop_of_the_shell_too() -> None:
    with start("say('ready'); __import__('time').sleep(60)") as process:
        assert process.stdout
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == -signal.SIGINT
