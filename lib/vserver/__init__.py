"""Virtual servers on a stock Linux kernel: the package behind the vserver commands."""

VERSION = "0.31"
