"""Capabilities of files: the text of rpm and the attribute of the kernel."""

from __future__ import annotations

import struct

import pytest

from vserver.kernel.filecaps import NO_CAPABILITIES, capabilities_of, parse_capabilities

NET_ADMIN, NET_RAW = 1 << 12, 1 << 13  # linux/capability.h


@pytest.mark.parametrize(
    ("text", "sets"),
    [
        ("", NO_CAPABILITIES),
        ("=", NO_CAPABILITIES),
        ("cap_net_raw=ep", (NET_RAW, 0, True)),
        ("= cap_net_raw+p", (NET_RAW, 0, False)),
        ("cap_net_admin,cap_net_raw+eip", (NET_ADMIN | NET_RAW, NET_ADMIN | NET_RAW, True)),
        ("cap_net_admin,cap_net_raw=ep cap_net_raw-p", (NET_ADMIN, 0, True)),
    ],
)
def test_text_of_cap_from_text(text: str, sets: tuple[int, int, bool]) -> None:
    assert parse_capabilities(text) == sets


def test_attribute_with_64_bits() -> None:
    raw = struct.pack("<5I", 0x02000001, NET_RAW, 0, 1, 0)
    assert capabilities_of(raw) == (NET_RAW | 1 << 32, 0, True)


def test_attribute_that_is_cut_off() -> None:
    assert capabilities_of(b"\1\0\0\2") == NO_CAPABILITIES
