#!/usr/bin/python3 -IS
"""printconf.sh - see printconf.sh(8)."""

import sys

USR_LIB_VSERVER = "/usr/lib/vserver"

sys.path.append(USR_LIB_VSERVER + "/python")

from vserver.cli import run  # noqa: E402
from vserver.cli.printconf import main  # noqa: E402

run(main, failed=1)
