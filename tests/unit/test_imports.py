"""Imports go one way: commands, the work on guests, the kernel, and what is below everything."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

LIBRARY = Path(__file__).parents[2] / "lib"
MODULES = {
    ".".join(path.relative_to(LIBRARY).with_suffix("").parts).removesuffix(".__init__"): path
    for path in LIBRARY.glob("vserver/**/*.py")
}
BELOW_ALL = {"vserver", "vserver.errors", "vserver.paths", "vserver.thirdparty"}


def imported(path: Path) -> Iterator[str]:
    """The modules of the package that ``path`` imports, wherever it does."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name in MODULES)
        elif isinstance(node, ast.ImportFrom) and node.module in MODULES:
            names = [f"{node.module}.{name.name}" for name in node.names]
            yield from (name if name in MODULES else node.module for name in names)


def layer(module: str) -> int:
    """0 is below everything."""
    if module in BELOW_ALL:
        return 0
    return {"kernel": 1, "cli": 3}.get(module.split(".")[1], 2)


@pytest.mark.parametrize("module", MODULES)
def test_nothing_is_imported_from_above(module: str) -> None:
    above = [other for other in imported(MODULES[module]) if layer(other) > layer(module)]
    assert not above
