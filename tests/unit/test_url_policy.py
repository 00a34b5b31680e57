"""URLs to redirect to: no spelling of an address passes, and no host that is not on the list."""

import ipaddress
import socket
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from bot.domain.errors import InvalidTargetError, TargetNotAllowedError
from bot.domain.url_policy import MAX_URL_LENGTH, check_redirect_url, normalise_host_pattern

ADDRESSES = [
    "https://127.0.0.1/",
    "https://10.0.0.1/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.0.0.1/",
    "https://0X7F.1/",
    "https://0177.0.0.1/",
    "https://017700000001/",
    "https://127.0.0.0x1/",
    "https://169.254.169.254/latest/meta-data",
    "https://8.8.8.8/",
    "https://1.2.3/",
    "https://256.256.256.256/",
    "https://example.1/",
    "https://example.0x1/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[2001:db8::1]:443/",
    "https://[::127.0.0.1]/",
    "https://[fe80::1%25eth0]/",
    "https://[v1.fe80::a]/",
]
WRONG_FORMS = [
    "",
    "https://",
    "https:///hold",
    "https:voice.example.com/hold",
    "https:/voice.example.com/hold",
    "//voice.example.com/hold",
    "voice.example.com/hold",
    "http://voice.example.com/hold",
    "ftp://voice.example.com/hold",
    "javascript:alert(1)",
    "data:text/xml,<Response/>",
    "file:///etc/passwd",
    " https://voice.example.com/hold",
    "https://voice.example.com/hold ",
    "https://voice.example.com/ho ld",
    "https://voice.example.com/hold\n",
    "https://voice.example.com/\x00hold",
    "https://voice.example.com/\x7fhold",
    "https://voice.example.com\\@evil.example/",
    "https:\\\\voice.example.com/hold",
    "https://voice.example.com/<hold>",
    "https://voice.example.com/%zz",
    "https://voice.example.com/hold%",
    "https://voice.example.com/hold#rc=5",
    "https://voice.example.com/#",
    "https://user@voice.example.com/",
    "https://user:secret@voice.example.com/",
    "https://:@voice.example.com/",
    "https://voice.example.com:443@evil.example/",
    "https://voice_mail.example.com/",
    "https://voice.example.com./",
    "https://.example.com/",
    "https://voice..example.com/",
    "https://-voice.example.com/",
    "https://voice-.example.com/",
    f"https://{'a' * 64}.example.com/",
    f"https://{'.'.join(['abcdefgh'] * 32)}.example/",
    "https://voice%2eexample.com/",
    "https://%31%32%37.0.0.1/",
    "https://voice.example.com:/",
    "https://voice.example.com:0/",
    "https://voice.example.com:22/",
    "https://voice.example.com:0443/",
    "https://voice.example.com:65536/",
    "https://voice.example.com:4a3/",
    "https://voice.example.com:+443/",
    "https://voice.example.com:443:443/",
    "https://\uff11\uff12\uff17.0.0.1/",
    "https://①②⑦.0.0.1/",
    "https://voice。example。com/",
    "https://bücher.example/",
    "https://voice.example.com\u2044hold/",
    "https://voice.\u200bexample.com/",
    "https://voice.example.com/\u202etxt",
    "https://xn--a.example/",
    "https://xn--127-.example/",
    "https://xn--.example/",
    "https://voice.c/",
    "https://voice.c0m/",
    "https://x.example.com/" + "a" * MAX_URL_LENGTH,
]
PRIVATE_HOSTS = [
    "https://localhost/",
    "https://localhost:8443/",
    "https://voice.localhost/",
    "https://printer.local/",
    "https://metadata.google.internal/",
    "https://metadata.goog/",
    "https://router.home.arpa/",
    "https://1.0.0.127.in-addr.arpa/",
    "https://intranet/",
    "https://com/",
    "https://box.lan/",
    "https://api.default.svc/",
    "https://127.0.0.1.nip.io/",
    "https://10-0-0-1.sslip.io/",
    "https://LVH.me/",
    "https://hidden.onion/",
]
RIGHT_FORMS = [
    "https://voice.example.com",
    "https://voice.example.com/",
    "https://voice.example.com?to=hold",
    "HTTPS://Voice.Example.COM/hold",
    "https://voice.example.com:8443/hold/../music?loop=1&who=%40ana",
    "https://voice.example.com:443/a;b=(c)'d!*e,f$g+h~i",
    "https://1and1.example.com/",
    "https://xn--bcher-kva.example/hold",
    "https://voice.xn--p1ai/",
    "https://voice.example.com/@ana",
]


@pytest.mark.parametrize("url", [*ADDRESSES, *WRONG_FORMS, *PRIVATE_HOSTS])
def test_url_of_wrong_form_is_refused_to_admins_too(url: str) -> None:
    with pytest.raises(InvalidTargetError) as refusal:
        check_redirect_url(url, allowed_hosts={"*"}, is_admin=True)

    assert refusal.value.problem.endswith(".")
    assert refusal.value.example.startswith("https://")


@pytest.mark.parametrize("url", ADDRESSES)
def test_address_is_called_an_address(url: str) -> None:
    with pytest.raises(InvalidTargetError, match="IP address"):
        check_redirect_url(url, allowed_hosts={"*"}, is_admin=True)


@pytest.mark.parametrize("url", RIGHT_FORMS)
def test_right_url_passes_where_any_host_is_allowed(url: str) -> None:
    check_redirect_url(url, allowed_hosts={"*"}, is_admin=False)


def test_empty_list_allows_nothing_but_to_admins() -> None:
    url = "https://voice.example.com/hold"

    check_redirect_url(url, allowed_hosts=(), is_admin=True)

    with pytest.raises(TargetNotAllowedError, match="not on the list"):
        check_redirect_url(url, allowed_hosts=(), is_admin=False)


@pytest.mark.parametrize(
    ("host", "is_allowed"),
    [
        ("voice.example.com", True),
        ("VOICE.example.com", True),
        ("a.hold.example.org", True),
        ("a.b.hold.example.org", True),
        ("hold.example.org", False),
        ("ahold.example.org", False),
        ("voice.example.com.evil.example", False),
        ("other.example.com", False),
        ("example.com", False),
        ("voice-example.com", False),
    ],
)
def test_star_stands_for_names_below_it_only(host: str, *, is_allowed: bool) -> None:
    patterns = {"voice.example.com", "*.hold.example.org"}

    if is_allowed:
        check_redirect_url(f"https://{host}/x", allowed_hosts=patterns, is_admin=False)
        return

    with pytest.raises(TargetNotAllowedError):
        check_redirect_url(f"https://{host}/x", allowed_hosts=patterns, is_admin=False)


@pytest.mark.parametrize(
    ("written", "pattern"),
    [
        (" Voice.Example.com ", "voice.example.com"),
        ("*.Example.com", "*.example.com"),
        ("*", "*"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
    ],
)
def test_pattern_has_one_spelling(written: str, pattern: str) -> None:
    assert normalise_host_pattern(written) == pattern


@pytest.mark.parametrize(
    "written",
    [
        "",
        "*.",
        "*.*.example.com",
        "voice.*.com",
        "https://voice.example.com",
        "voice.example.com/",
        "10.0.0.1",
        "localhost",
        "*.local",
        "bücher.example",
        "voice.example.com:443",
        "a_b.example",
    ],
)
def test_pattern_that_could_never_fit_is_refused_with_an_example(written: str) -> None:
    with pytest.raises(ValueError, match=r"Example: voice\.example\.com"):
        normalise_host_pattern(written)


SEPARATORS = st.sampled_from([*"/\\@:#?%[].-_ \t\n", "%2e", "\uff0e", "\u3002", "\u200b"])
NAMES = st.sampled_from(
    [
        "127",
        "0",
        "1",
        "0x7f",
        "0177",
        "2130706433",
        "::1",
        "443",
        "\uff11",
        "ß",
        "a",
        "voice",
        "example",
        "com",
        "net",
        "local",
        "localhost",
        "xn--",
        "xn--a-0fa",
        "nip.io",
        "evil.example.net",
        "voice.example.com",
    ]
)
ANYTHING = st.lists(st.one_of(SEPARATORS, NAMES), max_size=9).map("".join)
HOSTS = st.lists(NAMES, min_size=1, max_size=5).map(".".join)
URLS = st.one_of(ANYTHING, HOSTS, st.tuples(HOSTS, ANYTHING).map("".join), st.text()).map(
    "https://{}".format
)


@given(URLS)
def test_accepted_host_is_a_name_on_the_list_to_every_reader(url: str) -> None:
    try:
        check_redirect_url(url, allowed_hosts={"*.example.com", "a.net"}, is_admin=False)
    except (InvalidTargetError, TargetNotAllowedError):
        return

    host = urlsplit(url).hostname
    assert host == URL(url).raw_host
    assert host is not None
    assert host == "a.net" or host.endswith(".example.com")


@given(URLS)
def test_accepted_host_is_no_address_to_any_reader(url: str) -> None:
    try:
        check_redirect_url(url, allowed_hosts={"*"}, is_admin=False)
    except InvalidTargetError:
        return

    host = urlsplit(url).hostname or ""
    assert host == URL(url).raw_host
    with pytest.raises(ValueError, match="does not appear"):
        ipaddress.ip_address(host)
    with pytest.raises(OSError, match="illegal IP address"):
        socket.inet_aton(host)
