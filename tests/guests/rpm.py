"""RPM packages, built for the tests."""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile

from guests import debian

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


def build(package: str, program: str = "") -> str:
    """The file of ``package``, NAME-VERSION-RELEASE, built unless it is there.

    ``program`` is more text in its program.
    """
    name, version, release = package.rsplit("-", 2)
    spec = SPEC.replace("NAME", name).replace("VERSION", version).replace("RELEASE", release)
    more = f"echo '{program}' >>usr/bin/{name}\nfind . -exec touch -hd 2003-11-05 {{}} +\n"
    spec = spec.replace("%files\n", f"{more}%files\n")
    path = f"{debian.CACHE}/rpm-{hashlib.sha256(spec.encode()).hexdigest()[:16]}.rpm"
    if not os.path.exists(path):
        _build(spec, path)
    return path


def _build(spec: str, path: str) -> None:
    """Build ``spec`` as the file ``path``, which appears complete or not at all."""
    os.makedirs(debian.CACHE, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=debian.CACHE) as top:
        file = f"{top}/package.spec"
        with open(file, "w", encoding="ascii") as out:
            out.write(spec)
        subprocess.run(
            ["rpmbuild", "--quiet", "-bb", "--define", f"_topdir {top}", file],
            check=True,
            capture_output=True,
        )
        (built,) = os.listdir(f"{top}/RPMS/noarch")
        os.rename(f"{top}/RPMS/noarch/{built}", path)
