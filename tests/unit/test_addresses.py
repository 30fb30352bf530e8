"""The forms of an address on the command line; the loopback device is on every machine."""

from __future__ import annotations

import pytest

from vserver.addresses import Builder
from vserver.errors import VserverError
from vserver.kernel.addressset import AddressSet, parse

ONE = ("192.0.2.1", "255.255.255.0")
TWO = ("192.0.2.2", "255.255.255.0")
LOCAL = ("127.0.0.1", "255.0.0.0")
EVERY = ("0.0.0.0", "255.255.255.0")


def build(*values: str) -> AddressSet:
    builder = Builder()
    for value in values:
        assert builder.add(value)
    return builder.result()


@pytest.mark.parametrize(
    "value, pair",
    [
        ("192.0.2.1", ONE),
        ("192.0.2.1/16", ("192.0.2.1", "255.255.0.0")),
        ("192.0.2.1/0", ("192.0.2.1", "0.0.0.0")),
        ("192.0.2.1/255.255.255.192", ("192.0.2.1", "255.255.255.192")),
        ("lo", LOCAL),
        ("127.0.0.1", LOCAL),
        ("127.0.0.1/32", ("127.0.0.1", "255.255.255.255")),
    ],
)
def test_a_value_gives_address_and_mask(value: str, pair: tuple[str, str]) -> None:
    assert build(value).addresses == (pair,)


@pytest.mark.parametrize(
    "value, complaint",
    [
        ("", "Invalid IP number or host name: "),
        ("192.0.2", "Invalid IP number or host name: 192.0.2"),
        ("010.0.0.1", "Invalid IP number or host name: 010.0.0.1"),
        ("lo:web", "Invalid IP number or host name: lo:web"),
        ("o", "Invalid IP number or host name: o"),
        ("lo/8", "Invalid IP number or host name: lo/8"),
        ("192.0.2.1/", "Invalid netmask: "),
        ("192.0.2.1/-1", "Invalid netmask: -1"),
        ("192.0.2.1/255.255", "Invalid netmask: 255.255"),
    ],
)
def test_what_is_no_address_is_named(
    value: str, complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RES_OPTIONS", "attempts:1 timeout:1")
    with pytest.raises(VserverError) as caught:
        build(value)
    assert (caught.value.text, caught.value.status) == (complaint, 255)


def test_the_broadcast_address_is_the_last_one_given() -> None:
    builder = Builder()
    assert builder.result().broadcast == "255.255.255.255"
    builder.set_broadcast("192.0.2.255")
    builder.add("192.0.2.1")
    assert builder.result().broadcast == "192.0.2.255"
    builder.add("lo")  # which has none
    assert builder.result().broadcast == "255.255.255.255"
    with pytest.raises(VserverError, match="Invalid broadcast number: 192.0.2.256"):
        builder.set_broadcast("192.0.2.256")


def test_sixteen_at_most() -> None:
    builder = Builder()
    assert all(builder.add("192.0.2.1") for _ in range(16))
    assert not builder.add("192.0.2.2")
    assert builder.result().addresses == (ONE,) * 16


def test_ipv6_addresses_are_kept_apart() -> None:
    assert build("2001:db8::1", "192.0.2.1").addresses6 == ("2001:db8::1",)


def test_an_ipv6_address_has_several_spellings() -> None:
    assert build("2001:0DB8:0::1").within(build("2001:db8::1"))


@pytest.mark.parametrize(
    "addresses, unrestricted",
    [((), True), ((EVERY, ONE), True), ((ONE, EVERY), False), ((ONE,), False)],
)
def test_unrestricted(addresses: tuple[tuple[str, str], ...], unrestricted: bool) -> None:
    assert AddressSet(addresses).unrestricted is unrestricted


def test_only_ipv6_is_a_restriction_too() -> None:
    assert not AddressSet(addresses6=("::1",)).unrestricted


def test_effective_addresses_each_once_and_loopback_last() -> None:
    given = AddressSet((LOCAL, TWO, EVERY, ONE, TWO))
    assert given.effective() == [TWO, ONE, LOCAL]


@pytest.mark.parametrize(
    "inner, outer, within",
    [
        ((ONE,), (ONE, TWO), True),
        ((ONE, TWO), (ONE,), False),
        ((ONE,), (), True),
        ((), (ONE,), False),
        ((EVERY,), (ONE,), False),
        ((), (EVERY,), True),
    ],
)
def test_within(
    inner: tuple[tuple[str, str], ...], outer: tuple[tuple[str, str], ...], within: bool
) -> None:
    assert AddressSet(inner).within(AddressSet(outer)) is within


def test_text_is_read_back() -> None:
    given = AddressSet((ONE, LOCAL), "192.0.2.255", ("2001:db8::1",))
    assert str(given) == "192.0.2.255 192.0.2.1/255.255.255.0 127.0.0.1/255.0.0.0 2001:db8::1"
    assert str(parse(str(given))) == str(given)
