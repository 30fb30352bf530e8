"""Which behaviours of features/changelog.csv have a scenario, by version and kind.

    coverage_changelog.py [TOOL...]      TOOL: only the rows that name one of these tools

Rows that are superseded or obsolete need no scenario and are counted apart. The exit status
is 1 when a feature file has a tag that is no id of the change log.
"""

from __future__ import annotations

import csv
import pathlib
import re
import sys
from typing import NamedTuple

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
FEATURES = REPOSITORY / "features"
ID = re.compile(r"@(\d[\d.]*-\d+)")


class Row(NamedTuple):
    """One behaviour of the change log."""

    id: str
    version: str
    kind: str
    tools: str
    behaviour: str
    check: str

    @property
    def void(self) -> bool:
        """Whether a later version replaced the behaviour, or nothing of it is left to see."""
        return self.check.lower().startswith(("superseded", "obsolete"))


def read_rows() -> list[Row]:
    """All rows of the change log, in its order."""
    with open(FEATURES / "changelog.csv", newline="", encoding="utf-8") as file:
        return [Row(**row) for row in csv.DictReader(file)]


def read_tags() -> dict[str, list[str]]:
    """The ids by which scenarios are tagged, each with the places where it stands."""
    tags: dict[str, list[str]] = {}
    for path in sorted(FEATURES.rglob("*.feature")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if line.lstrip().startswith("@"):
                for tag in ID.findall(line):
                    tags.setdefault(tag, []).append(f"{path.relative_to(REPOSITORY)}:{number}")
    return tags


def group(rows: list[Row]) -> dict[tuple[str, str], list[Row]]:
    """``rows`` by version and kind, in the order of the change log."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.version, row.kind), []).append(row)
    return groups


def report(rows: list[Row], tags: dict[str, list[str]]) -> list[str]:
    """The lines of the table, and the sum."""
    lines = []
    for (version, kind), members in group(rows).items():
        wanted = [row for row in members if not row.void]
        missing = [row.id for row in wanted if row.id not in tags]
        count = f"{len(wanted) - len(missing)} of {len(wanted)}"
        lines.append(f"{version:5} {kind:8} {count:9} {' '.join(missing)}".rstrip())
    wanted = [row for row in rows if not row.void]
    done = sum(row.id in tags for row in wanted)
    lines.append(f"all            {done} of {len(wanted)}, and {len(rows) - len(wanted)} void")
    return lines


def main(tools: list[str]) -> int:
    """Print the report for ``tools`` (all when empty); the exit status."""
    tags = read_tags()
    rows = read_rows()
    chosen = [row for row in rows if not tools or set(tools) & set(row.tools.split())]
    print("\n".join(report(chosen, tags)))
    unknown = tags.keys() - {row.id for row in rows}
    for tag in sorted(unknown):
        print(f"{tags[tag][0]}: @{tag} is not in the change log", file=sys.stderr)
    return 1 if unknown else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
