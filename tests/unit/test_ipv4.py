"""Addresses and masks as administrators write them."""

from __future__ import annotations

import pytest

from vserver import ipv4


@pytest.mark.parametrize("text", ["10.0.0.1", "0.0.0.0", "255.255.255.255"])
def test_four_decimal_numbers_are_an_address(text: str) -> None:
    assert ipv4.is_dotted(text)


@pytest.mark.parametrize(
    "text", ["", "10.1", "010.0.0.1", "10.0.0.256", "10.0.0.1 ", "0x0a.0.0.1", "::1", "web", "\0"]
)
def test_everything_else_is_none(text: str) -> None:
    assert not ipv4.is_dotted(text)


@pytest.mark.parametrize(
    ("text", "mask"),
    [
        ("0", "0.0.0.0"),
        ("8", "255.0.0.0"),
        ("08", "255.0.0.0"),
        ("26", "255.255.255.192"),
        ("32", "255.255.255.255"),
        ("255.255.128.0", "255.255.128.0"),
        ("0.0.0.0", "0.0.0.0"),
    ],
)
def test_a_mask_is_a_prefix_length_or_dotted(text: str, mask: str) -> None:
    assert ipv4.mask(text) == mask


@pytest.mark.parametrize(
    "text", ["", "33", "-1", "+8", "1_6", "٨", "024", "255.0.255.0", "0.0.0.255", "ffffff00"]
)
def test_other_texts_are_no_mask(text: str) -> None:
    assert ipv4.mask(text) == ""


@pytest.mark.parametrize("prefix", range(33))
def test_prefix_lengths_and_masks_correspond(prefix: int) -> None:
    assert ipv4.prefix_length(ipv4.netmask(prefix)) == prefix


@pytest.mark.parametrize(
    ("address", "mask", "broadcast"),
    [
        ("10.1.2.3", "255.255.0.0", "10.1.255.255"),
        ("192.0.2.65", "255.255.255.192", "192.0.2.127"),
        ("192.0.2.65", "255.255.255.255", "192.0.2.65"),
        ("192.0.2.65", "0.0.0.0", "255.255.255.255"),
    ],
)
def test_the_broadcast_has_all_host_bits_set(address: str, mask: str, broadcast: str) -> None:
    assert ipv4.broadcast(address, mask) == broadcast


@pytest.mark.parametrize(
    ("address", "bits"),
    [("10.0.0.1", 8), ("127.0.0.1", 8), ("128.0.0.1", 16), ("191.1.1.1", 16), ("192.0.2.1", 24)],
)
def test_the_class_of_an_address_gives_its_mask(address: str, bits: int) -> None:
    assert ipv4.class_mask(address) == ipv4.netmask(bits)
