"""Evaluation of configuration files by a real shell, which is what they are written for.

One run of bash (1 ms) checks that the files parse, sources them and hands the variables back.
What the files may do to that shell, and what stands against it:

* they print, read, close or redirect descriptors: the result is written to a memfd of this
  process, opened by its /proc path at the very end, which no file can know or inherit;
* they define functions and aliases named like commands: all of our code is parsed before the
  first file is read (no aliases), then POSIXLY_CORRECT, an assignment that no function can
  stand in for, makes ``unset`` the real one, which takes the functions away;
* they call ``exit``, ``exec`` or ``kill``, or replace the EXIT trap: only a run that wrote its
  result counts, and ``exit 0`` writes it first;
* they leave processes behind: those hold nothing that is waited for.
"""

from __future__ import annotations

import os

from vserver.errors import VserverError

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

BASH_PATHS = ("/bin/bash", "/usr/bin/bash")
SH_PATH = "/bin/sh"

_SIGPIPE, _SIGXFSZ = 13, 25  # ignored by this interpreter, not to be ignored by the files
# changed by the shell itself, whatever the files do, or changing how it works
_SHELL_VARIABLES = frozenset(
    ("_", "SHLVL", "PWD", "OLDPWD", "POSIXLY_CORRECT", "SHELLOPTS", "BASHOPTS")
)

# {out}: where the result goes, {values}: the variables as quoted words, {force}: see below.
# No EXIT trap: the files may have one, and bash runs it when it is killed, too.
_BASH_EMIT = r"""
_vserver_emit() {{
    POSIXLY_CORRECT=1
    trap - DEBUG ERR RETURN
    set +eu
    unset -f builtin printf compgen mapfile
    {force}
    builtin compgen -e >|{out}
    builtin mapfile -t _vserver_exports <{out}
    {{
        builtin printf '%s\0' {values}
        for _vserver_name in "${{_vserver_exports[@]}}"; do
            builtin printf '%s=%s\0' "$_vserver_name" "${{!_vserver_name}}"
        done
    }} >|{out}
}}
exit() {{
    _vserver_status=${{1-$?}}
    [[ $_vserver_status == 0 && $BASH_SUBSHELL == 0 ]] && _vserver_emit 2>/dev/null
    builtin exit "$_vserver_status"
}}
"""
# dash and busybox: "exit" cannot be a function, and a signal does not run the EXIT trap. One has
# no "source", the other one that cannot be a function: an alias serves both.
_SH_EMIT = r"""
_vserver_emit() {{
    set +eu
    unset -f command printf env
    {force}
    command printf '%s\0' {values} >|{out}
    command env -0 >>{out}
    _vserver_emit() {{ :; }}
}}
trap '[ $? = 0 ] && _vserver_emit 2>/dev/null' EXIT
"""

# Parsing the body of a function is all of "bash -n" but the second process. Any doubt (a file
# that ends in the middle of a here document, say) is settled by "bash -n" itself.
_BASH_PARSE = r"""
IFS= read -r -d '' _vserver_text <{path}
_vserver_text=${{_vserver_text//$'\r\n'/$'\n'}}
eval "_vserver_parsed() {{ ( :
$_vserver_text
) }}" 2>/dev/null || builtin exit 1
"""

# {action} runs before every command; a "trap" with DEBUG in it would end that.
_BASH_FORCE = r"""
trap() {{ case " ${{*^^}} " in *" DEBUG "*) ;; *) builtin trap "$@" ;; esac; }}
builtin trap {action} DEBUG
set -T
"""

# Files edited on other systems: whatever is sourced loses the CR before its line ends.
_CRLF_SOURCE = r"""
_vserver_source() {{ eval "$(command sed 's/{cr}$//' "$1")"; }}
"""
_BASH_SOURCE = 'source() {{ {source} "$@"; }}\n'
_SH_SOURCE = "alias source='{source}'\n"

# what the result holds until there is one: files not parsed yet, first file being read
_UNPARSED = b"?"
_FIRST_FILE = b"0"


class Evaluation:
    """The shell sources ``files`` in turn; it is at work until ``result`` waits for it.

    Of ``variables`` only those in ``inherited`` start with the value that ``environ`` has, the
    others unset. ``forced_profile`` wins over any assignment to PROFILE (without bash: over
    those that are made before the last file). OSError, with its path: a file cannot be read.
    """

    __slots__ = ("bash", "crlf", "environ", "files", "forced", "running", "shell", "variables")

    def __init__(
        self,
        files: Sequence[str],
        variables: Sequence[str],
        environ: Mapping[str, str],
        *,
        inherited: Sequence[str] = (),
        forced_profile: str = "",
    ) -> None:
        self.files, self.variables, self.forced = files, variables, forced_profile
        self.shell = next((path for path in BASH_PATHS if os.access(path, os.X_OK)), SH_PATH)
        self.bash = self.shell != SH_PATH
        self.crlf = any(b"\r\n" in _contents(path) for path in files)
        unset = {*variables, *_SHELL_VARIABLES}.difference(inherited)
        self.environ = {name: value for name, value in environ.items() if name not in unset}
        if forced_profile:
            self.environ["PROFILE"] = forced_profile
        self.running = self._ask(parse=True) if self.bash else None

    def result(self) -> tuple[list[str], dict[str, str]]:
        """The values of the variables and what the files exported; to be called once.

        An unset variable comes back empty. The exports are those that the environment did not
        have with the same value, without the variables themselves. Contents are decoded as
        file names are, so any byte survives.

        VserverError: a file does not parse, or ended the shell without a result (the shell's
        own message went to standard error).
        """
        raw = _answer(*self.running) if self.running else _UNPARSED
        if raw == _UNPARSED:
            for path in self.files:
                self._check_syntax(path)
            raw = _answer(*self._ask(parse=False))
        if b"\0" not in raw:
            raise _fault(self.files[0 if raw else -1])
        return self._parse(raw)

    def _ask(self, *, parse: bool) -> tuple[int, int]:
        """Start the shell; its pid and the descriptor of the result."""
        result = _memory_file(_UNPARSED)
        script = self._script(_path_of(result), parse=parse)
        return self._spawn("-c", script, mute=True), result

    def _check_syntax(self, path: str) -> None:
        """Let the shell parse ``path`` and say what is wrong with it."""
        if not self.crlf:
            status = _wait(self._spawn("-n", path))
        else:
            text = _memory_file(_contents(path).replace(b"\r\n", b"\n"))
            status = _wait(self._spawn("-n", _path_of(text)))
            os.close(text)
        if status:
            raise _fault(path)

    def _parse(self, raw: bytes) -> tuple[list[str], dict[str, str]]:
        """The values and exports in ``raw``: fields that end in NUL."""
        fields = os.fsdecode(raw).split("\0")
        count = len(self.variables)
        environment = dict(field.split("=", 1) for field in fields[count:-1])
        for name in (*_SHELL_VARIABLES, *self.variables):
            environment.pop(name, None)
        known = self.environ
        exports = {name: value for name, value in environment.items() if known.get(name) != value}
        return fields[:count], exports

    def _spawn(self, *arguments: str, mute: bool = False) -> int:
        """Start the shell with no input and its output on standard error; its pid.

        With ``mute`` standard output alone leads there, until the shell itself makes errors
        follow: what it thinks of the caller's locale is no concern of the files.
        """
        argv = [self.shell, *(["-p"] if self.bash else []), *arguments]
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, 2, 1),
        ]
        if mute:
            actions.append((os.POSIX_SPAWN_OPEN, 2, "/dev/null", os.O_WRONLY, 0))
        return os.posix_spawn(
            self.shell,
            argv,
            self.environ,
            file_actions=actions,
            setsigdef=[_SIGPIPE, _SIGXFSZ],
        )

    def _script(self, out: str, *, parse: bool) -> str:
        """The program for the shell: one compound command, so that all of it is parsed first.

        The result tells which file is being read, should the shell not come back: it is
        _FIRST_FILE, then nothing (a redirection needs no command, "echo" may be another by then).
        """
        source = "_vserver_source" if self.crlf else "."
        parts = ["{ exec 2>&1"]
        if parse:
            parts += [_BASH_PARSE.format(path=_quoted(path)) for path in self.files]
        parts += [self._prelude(out), f"echo {_FIRST_FILE.decode()} >|{out}"]
        for path in self.files:
            if path != self.files[0]:
                parts.append(f">|{out}")
            parts += [self._force(), f"{source} {_quoted(path)} || :"]
        parts.append("_vserver_emit 2>/dev/null\n}")
        return "\n".join(parts)

    def _prelude(self, out: str) -> str:
        values = " ".join(f'"${{{name}-}}"' for name in self.variables)
        emit = _BASH_EMIT if self.bash else _SH_EMIT
        text = emit.format(out=out, values=values, force=self._force())
        if self.crlf:
            text += _CRLF_SOURCE.format(cr="\r")
        if self.crlf or not self.bash:
            source = "_vserver_source" if self.crlf else "command ."
            text += (_BASH_SOURCE if self.bash else _SH_SOURCE).format(source=source)
        if self.forced and self.bash:
            text += _BASH_FORCE.format(action=_quoted(self._force()))
        return text

    def _force(self) -> str:
        """The command that gives PROFILE its forced value, unless it has it (readonly, even)."""
        if not self.forced:
            return ""
        word = _quoted(self.forced)
        return f'[ "$PROFILE" = {word} ] || PROFILE={word}'


def _wait(pid: int) -> int:
    return os.waitpid(pid, 0)[1]


def _answer(shell: int, result: int) -> bytes:
    """What the shell left when it has ended: _UNPARSED if a file may not parse."""
    try:
        _wait(shell)
        return os.pread(result, os.fstat(result).st_size, 0)
    finally:
        os.close(result)


def _contents(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise OSError(error.errno, error.strerror, path) from None


def _memory_file(content: bytes) -> int:
    descriptor = os.memfd_create("vserver-configuration")
    os.write(descriptor, content)
    return descriptor


def _path_of(descriptor: int) -> str:
    """A path by which another process can open ``descriptor``, in any pid namespace."""
    return f"/proc/{os.readlink('/proc/self')}/fd/{descriptor}"


def _quoted(text: str) -> str:
    """``text`` as one word of the shell."""
    return "'" + text.replace("'", "'\\''") + "'"


def _fault(path: str) -> VserverError:
    return VserverError(f"Error in configuration file {path}")
