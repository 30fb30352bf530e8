"""Capabilities of a file: the extended attribute and the text that rpm keeps of it."""

from __future__ import annotations

import re
import struct

from vserver.kernel import caps

_REVISION_MASK, _EFFECTIVE = 0xFF000000, 1  # linux/capability.h, VFS_CAP_*
_LONG = (0x02000000, 0x03000000)  # the revisions with 64 bits of capabilities
_CLAUSE = re.compile(r"([a-z0-9_,]*)([=+-][eip]*(?:[+-][eip]*)*)")

Sets = tuple[int, int, bool]
"""The permitted set, the inheritable set, and whether they are in effect at once."""

NO_CAPABILITIES: Sets = (0, 0, False)


def capabilities_of(raw: bytes) -> Sets:
    """What ``security.capability`` holds, see capabilities(7); of no content nothing."""
    if len(raw) < 12:
        return NO_CAPABILITIES
    magic, permitted, inheritable = struct.unpack_from("<3I", raw)
    if magic & _REVISION_MASK in _LONG and len(raw) >= 20:
        high = struct.unpack_from("<2I", raw, 12)
        permitted |= high[0] << 32
        inheritable |= high[1] << 32
    return permitted, inheritable, bool(magic & _EFFECTIVE)


def parse_capabilities(text: str) -> Sets:
    """What the words of cap_from_text(3) say."""
    sets = dict.fromkeys("eip", 0)
    for names, actions in _CLAUSE.findall(text.lower()):
        wanted = _bits(names)
        for action, flags in re.findall(r"([=+-])([eip]*)", actions):
            for flag in sets:
                if action == "=":
                    sets[flag] &= ~wanted
                if flag in flags:
                    sets[flag] = sets[flag] & ~wanted if action == "-" else sets[flag] | wanted
    return sets["p"], sets["i"], bool(sets["e"])


def _bits(names: str) -> int:
    if names in ("", "all"):
        return (1 << caps.last() + 1) - 1
    found = 0
    for name in names.split(","):
        found |= caps.parse(name) or 0
    return found
