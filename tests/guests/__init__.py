"""Guests for the tests: real programs in real trees, small enough to make for every scenario.

``busybox``: a static busybox, made in milliseconds. ``redhat``: the same with the run level
directories, chkconfig and service of a Red Hat system. ``debian``: Debian from its mirror.

A tree is described by a dict of path to text, relative to the guest's root. What starts with
``#!`` becomes executable; a path that ends in ``/`` is a directory.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Protocol


class Host(Protocol):
    """What the guests need of a test host: where its files are as seen from outside."""

    def path(self, name: str, /) -> str: ...


def write_tree(root: str, files: Mapping[str, str]) -> None:
    """Write ``files`` (see above) below ``root``, in the place of links as well."""
    for path, text in files.items():
        target = os.path.join(root, path.lstrip("/"))
        if path.endswith("/"):
            os.makedirs(target, exist_ok=True)
            continue
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if os.path.islink(target):
            os.unlink(target)
        with open(target, "w", encoding="utf-8") as file:
            file.write(text)
        if text.startswith("#!"):
            os.chmod(target, 0o755)


def write_conf(host: Host, name: str, conf: Mapping[str, str]) -> None:
    """Write the configuration file of the guest ``name`` with the variables ``conf``."""
    lines = [f'{variable}="{value}"\n' for variable, value in conf.items()]
    write_tree(host.path("/etc/vservers"), {f"{name}.conf": "".join(lines)})
