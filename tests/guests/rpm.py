"""RPM packages, built for the tests."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import tempfile

# What each package has: a program and a link to it, marked and unmarked configuration, logs,
# documentation, and a name with a blank. The script tells in which guest it was run.
SPEC = """\
Name: NAME
Version: VERSION
Release: RELEASE
Summary: a package for tests
License: GPL-2.0-or-later
BuildArch: noarch
AutoReqProv: no
Provides: /bin/sh
%description
A package for tests.
%install
cd %{buildroot}
mkdir -p usr/bin usr/share/NAME usr/share/doc/NAME etc var/log/NAME
echo 'NAME VERSION' | tee usr/bin/NAME 'usr/share/NAME/a file' >etc/NAME.plain
echo 'setting' >etc/NAME.conf
echo 'read me' >usr/share/doc/NAME/README
echo 'started' >var/log/NAME/first
ln -s NAME usr/bin/NAME-link
%files
%attr(755, root, root) /usr/bin/NAME
/usr/bin/NAME-link
%dir /usr/share/NAME
"/usr/share/NAME/a file"
%doc /usr/share/doc/NAME/README
%config /etc/NAME.conf
/etc/NAME.plain
%dir /var/log/NAME
/var/log/NAME/first
%ghost /var/log/NAME/last
%post
hostname >>/var/log/NAME/post
sleep 987 >/dev/null 2>&1 </dev/null &
"""


@functools.cache
def build(package: str, program: str = "") -> str:
    """The file of ``package``, NAME-VERSION-RELEASE; ``program`` is more text in its program."""
    name, version, release = package.rsplit("-", 2)
    spec = SPEC.replace("NAME", name).replace("VERSION", version).replace("RELEASE", release)
    more = f"echo '{program}' >>usr/bin/{name}\nfind . -exec touch -hd 2003-11-05 {{}} +\n"
    spec = spec.replace("%files\n", f"{more}%files\n")
    path = os.path.join(_directory().name, f"{package}.noarch.rpm{program}")
    with tempfile.TemporaryDirectory() as top:
        file = f"{top}/{name}.spec"
        with open(file, "w", encoding="ascii") as out:
            out.write(spec)
        subprocess.run(
            ["rpmbuild", "--quiet", "-bb", "--define", f"_topdir {top}", file],
            check=True,
            capture_output=True,
        )
        shutil.move(f"{top}/RPMS/noarch/{package}.noarch.rpm", path)
    return path


@functools.cache
def _directory() -> tempfile.TemporaryDirectory[str]:
    """Where built packages lie until the test run ends."""
    return tempfile.TemporaryDirectory(prefix="vserver-rpm.")
