"""Write the system call filters that every installation needs: seccomp_build.py DIRECTORY."""

from __future__ import annotations

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from vserver.kernel import seccomp_rules

STANDARD = ("guest-0", "quota-0", "lock", "observer")


def main() -> int:
    """Compile and write; 0."""
    (directory,) = sys.argv[1:]
    os.makedirs(directory, exist_ok=True)
    for name in STANDARD:
        with open(f"{directory}/{name}.seccomp", "wb") as file:
            file.write(seccomp_rules.build(name))
    return 0


if __name__ == "__main__":
    sys.exit(main())
