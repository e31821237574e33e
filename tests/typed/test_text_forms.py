"""Types that are written as one text: read as Go reads them, written as Go writes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talospatch.machineconfig.typed.addresses import read_address, read_address_port, read_hardware_address, read_prefix
from talospatch.machineconfig.typed.durations import read_duration, write_duration
from talospatch.machineconfig.typed.misfit import Misfit
from talospatch.machineconfig.typed.numbers import write_float, write_time
from talospatch.machineconfig.typed.sizes import check_percentage, read_bytes, read_condition, write_bytes
from talospatch.machineconfig.typed.urls import read_url, write_url


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("90m", "1h30m0s"),
        ("1.5h", "1h30m0s"),
        (".5s", "500ms"),
        ("1us", "1µs"),
        ("-5s", "-5s"),
        ("0", "0s"),
        ("1500ms", "1.5s"),
        ("1h0.5s", "1h0m0.5s"),
    ],
)
def test_durations_are_written_as_go_does(text: str, written: str) -> None:
    """Hours, minutes and seconds, from the largest that is there down to seconds."""
    assert write_duration(read_duration(text)) == written


@pytest.mark.parametrize("text", ["", "5", "1d", "s", ".s", "1h 5m", "--1s", "9999999999h", "1hm", "٣s"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    """Days are not units of Go."""
    with pytest.raises(Misfit):
        read_duration(text)


@pytest.mark.fuzz
@given(st.integers(-(2**63), 2**63 - 1))
def test_a_written_duration_reads_as_itself(nanoseconds: int) -> None:
    """Whatever its size."""
    assert read_duration(write_duration(nanoseconds)) == nanoseconds


@pytest.mark.parametrize(
    ("text", "size", "written"),
    [
        ("100 MB", 100_000_000, "100 MB"),
        ("1GiB", 2**30, 2**30),
        ("5", 5, 5),
        ("2TB", 2 * 10**12, "2.0 TB"),
        ("1,000", 1000, "1.0 kB"),
        ("1.5 GB", 1_500_000_000, "1.5 GB"),
        ("1234567000", 1_234_567_000, 1_234_567_000),
    ],
)
def test_sizes_are_written_in_si_units_where_that_is_exact(text: str, size: int, written: str | int) -> None:
    """Else as bytes."""
    assert read_bytes(text) == size
    assert write_bytes(size) == written


@pytest.mark.parametrize("text", ["", "GB", "1 XB", "1e3", "-1", "99999EB", "1..2"])
def test_what_is_no_size_is_refused(text: str) -> None:
    """Nor what is larger than 64 bits."""
    with pytest.raises(Misfit):
        read_bytes(text)


@pytest.mark.parametrize("text", ["0x1p4%", "0x_1.8p0_1%", "nan%", "NAN%", "1_0%", "1_0.5_0e0%", ".5%", "5.%", "+5%", "-0%", "1e-400%"])
def test_percentages_are_numbers_of_go(text: str) -> None:
    """Which reads hexadecimal, underscores between digits, and no number at all."""
    check_percentage(text, negative=False)


@pytest.mark.parametrize(
    "text", ["١%", "1١%", "１０%", "inf%", "+nan%", "0x1%", "0x1p9999%", "1__0%", "_1%", "1_%", "1._5%", "1e%", "0b1%", "%", "5%%", "5"]
)
def test_what_go_reads_as_no_number_is_no_percentage(text: str) -> None:
    """Digits are those of ASCII."""
    with pytest.raises(Misfit):
        check_percentage(text, negative=False)


def test_conditions_and_percentages() -> None:
    """Spaces around a condition go, those inside stay."""
    assert read_condition(" >= 1TB ") == ">= 1TB"
    check_percentage("33.3%", negative=False)
    check_percentage("-5%", negative=True)
    for text in ("101%", "5", "x%", "-5%", " 5%"):
        with pytest.raises(Misfit):
            check_percentage(text, negative=False)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("2001:DB8:0:0::5", "2001:db8::5"),
        ("::ffff:1.2.3.4", "::ffff:1.2.3.4"),
        ("fe80::1%eth0", "fe80::1%eth0"),
        ("", ""),
        ("10.0.0.1", "10.0.0.1"),
    ],
)
def test_addresses_are_kept_in_canonical_text(text: str, canonical: str) -> None:
    """Zones stay."""
    assert read_address(text) == canonical


@pytest.mark.parametrize("text", ["10.0.0", "01.2.3.4", "10.0.0.1%eth0", "fe80::1%", ":::", "1.2.3.4/8", " ::1", "::1 ", "x"])
def test_what_is_no_address_is_refused(text: str) -> None:
    """No leading zeros, no spaces."""
    with pytest.raises(Misfit):
        read_address(text)


def test_prefixes_ports_and_hardware_addresses() -> None:
    """Host bits stay, brackets are for IPv6, letters become small."""
    assert read_prefix("2001:DB8::1/32") == "2001:db8::1/32"
    assert read_address_port("[FD00::1]:0053") == "[fd00::1]:53"
    assert read_hardware_address("00:11:22:aa:BB:Cc") == "00:11:22:aa:bb:cc"
    for read, text in (
        (read_prefix, "10.0.0.0/33"),
        (read_prefix, "10.0.0.0/08"),
        (read_prefix, "10.0.0.0"),
        (read_prefix, "fe80::1%a/64"),
        (read_address_port, "fd00::1:53"),
        (read_address_port, "[10.0.0.1]:53"),
        (read_address_port, "10.0.0.1:65536"),
        (read_hardware_address, "00-11-22-33-44-55"),
        (read_hardware_address, "0:1"[:2]),
        (read_hardware_address, "00 11"),
    ):
        with pytest.raises(Misfit):
            read(text)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("https://a:6443", "https://a:6443"),
        ("HTTPS://A/b c", "https://A/b%20c"),
        ("b:6443", "b:6443"),
        ("http://h/a%2Fb", "http://h/a%2Fb"),
        ("https://u:p@h/x?y=1#f", "https://u:p@h/x?y=1#f"),
        ("http://[fe80::1%25en0]:1/", "http://[fe80::1%25en0]:1/"),
        ("https:///p", "https:///p"),
        ("//h/p", "//h/p"),
        ("*", "*"),
        ("h?", "h?"),
        ("https://é/ü", "https://%C3%A9/%C3%BC"),
    ],
)
def test_urls_are_written_as_go_does(text: str, written: str) -> None:
    """Escapes that were written stay, those that were missing are added."""
    assert write_url(read_url(text)) == written


@pytest.mark.parametrize(
    "text", [":x", "1:2/3", "http://h:x", "http://[::1", "http://a%zz", "http://[1.2.3.4]/", "a\tb", "http://a b/", "http://u^@h"]
)
def test_what_is_no_url_is_refused(text: str) -> None:
    """Go says so too."""
    with pytest.raises(Misfit):
        read_url(text)


@pytest.mark.parametrize("text", ["https://fd00::1:6443", "https://::1", "http://a:b:80", "https://u@fd00::1:6443/p", "https://a:1:"])
def test_a_bare_ipv6_address_is_a_host_for_an_older_go(text: str) -> None:
    """Talos 1.11 and 1.12 look at the last colon only; with brackets there is no doubt."""
    assert write_url(read_url(text, loose_ports=True)) == text
    with pytest.raises(Misfit):
        read_url(text)


@pytest.mark.parametrize("text", ["https://fd00::a", "http://a:b", "http://[::1]:1:1"])
def test_what_stands_behind_the_last_colon_is_a_port_for_every_go(text: str) -> None:
    """A number or nothing."""
    with pytest.raises(Misfit):
        read_url(text, loose_ports=True)


@pytest.mark.parametrize("text", ["tcp://fd00::1:5", "//a:b:1", "ws://a:b:1"])
def test_the_colons_of_other_schemes_are_not_counted(text: str) -> None:
    """Go looks at the first colon for http and https only."""
    assert write_url(read_url(text)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2.0, "2"),
        (1e3, "1000"),
        (1e6, "1e+06"),
        (123456.789, "123456.789"),
        (1e-4, "0.0001"),
        (1e-5, "1e-05"),
        (-0.0, "-0"),
        (1.5e300, "1.5e+300"),
        (float("nan"), ".nan"),
    ],
)
def test_floats_are_as_short_as_can_be(value: float, text: str) -> None:
    """Exponential from a million on."""
    assert write_float(value) == text


def test_dates_are_written_in_full() -> None:
    """With the time zone Z where there is none."""
    assert write_time("2024-1-2") == "2024-01-02T00:00:00Z"
    assert write_time("2024-01-02T03:04:05.600+02:00") == "2024-01-02T03:04:05.6+02:00"
