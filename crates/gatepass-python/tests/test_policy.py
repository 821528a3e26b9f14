"""What a policy says, and what is refused when it is made."""

from __future__ import annotations

import copy
import itertools
import json
import pickle
from datetime import datetime, timedelta, timezone
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from gatepass import GatepassError, Policy, PolicyError

FILMS = "https://media.example.com/films/*"
AT = 1_900_000_000


def moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc)


def test_a_policy_says_what_was_given() -> None:
    policy = Policy(FILMS, AT, starts=AT - 60, ip_address="203.0.113.0/24")
    assert policy.resources == (FILMS,)
    assert (policy.expires, policy.starts) == (moment(AT), moment(AT - 60))
    assert policy.ip_address == "203.0.113.0/24"
    assert json.loads(policy.to_json()) == {
        "Statement": [
            {
                "Resource": FILMS,
                "Condition": {
                    "DateLessThan": {"AWS:EpochTime": AT},
                    "IpAddress": {"AWS:SourceIp": "203.0.113.0/24"},
                    "DateGreaterThan": {"AWS:EpochTime": AT - 60},
                },
            }
        ]
    }
    plain = Policy(FILMS, AT)
    assert (plain.starts, plain.ip_address) == (None, None)


def test_equal_policies_are_equal() -> None:
    assert Policy(FILMS, AT) == Policy([FILMS], moment(AT))
    assert Policy(FILMS, AT) != Policy(FILMS, AT + 1)


def test_moments_count_in_any_time_zone_and_lose_fractions() -> None:
    east = timezone(timedelta(hours=5, minutes=30))
    assert Policy(FILMS, moment(AT).astimezone(east)).expires == moment(AT)
    almost = moment(AT) + timedelta(microseconds=999_999)
    assert Policy(FILMS, almost).expires == moment(AT)
    last = datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=timezone.utc)
    assert Policy(FILMS, last).expires == last.replace(microsecond=0)


def test_a_moment_after_pythons_calendar_is_shown_as_its_last() -> None:
    assert Policy(FILMS, 2**62).expires == datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    "expires", [0, -1, 10**30, AT * 1000, datetime(1969, 1, 1, tzinfo=timezone.utc)]
)
def test_a_moment_that_no_pass_can_have_is_refused(expires: int | datetime) -> None:
    with pytest.raises(PolicyError, match="expires"):
        Policy(FILMS, expires)


@pytest.mark.parametrize("expires", [1.9e9, "2030-01-01", None, True, timedelta(hours=1)])
def test_what_is_no_moment_is_a_type_error(expires: Any) -> None:
    with pytest.raises(TypeError, match="expected a datetime with a time zone"):
        Policy(FILMS, expires)


def test_a_window_that_never_opens_is_refused() -> None:
    with pytest.raises(PolicyError, match="would open after"):
        Policy(FILMS, AT, starts=AT)


@pytest.mark.parametrize("nothing", [[], {}, (), iter([])])
def test_no_resource_is_refused_and_does_not_mean_everything(nothing: Any) -> None:
    with pytest.raises(PolicyError, match="no resource"):
        Policy(nothing, AT)


@pytest.mark.parametrize(
    ("resource", "fact"),
    [
        ("", "absolute URL|expected http"),
        ("media.example.com/a", "expected http"),
        ("https://e.com/a b", "no browser sends"),
        ("https://e.com/é", "no browser sends"),
        ("https://e.com/a#b", "fragment"),
        ("https://e.com/a?Policy=x", "reserves"),
    ],
)
def test_a_resource_that_no_request_can_meet_is_refused(resource: str, fact: str) -> None:
    with pytest.raises(PolicyError, match=fact):
        Policy([FILMS, resource], AT)


@pytest.mark.parametrize("resources", [b"https://e.com/", [FILMS, 3], {"url": None}, 3, None])
def test_what_is_no_text_is_a_type_error(resources: Any) -> None:
    with pytest.raises(TypeError):
        Policy(resources, AT)


def test_more_resources_than_a_policy_holds_are_refused_even_if_they_never_end() -> None:
    fits = ["https://e.com/" + "a" * 18] * 200
    assert len(Policy(fits, AT).resources) == 200
    with pytest.raises(PolicyError, match="more than 8192") as refused:
        Policy(itertools.repeat(FILMS), AT)
    assert "one pattern" in (refused.value.hint or "")
    with pytest.raises(PolicyError, match="8192"):
        Policy("https://e.com/" + "a" * 8160, AT)


@pytest.mark.parametrize(
    "given", ["203.0.113.7", ip_address("203.0.113.7"), ip_network("203.0.113.0/24")]
)
def test_an_address_is_text_or_one_of_pythons_own(given: Any) -> None:
    assert Policy(FILMS, AT, ip_address=given).ip_address == str(given)


@pytest.mark.parametrize("given", ["", "203.0.113", "203.0.113.0/33", "0203.0.113.7", "localhost"])
def test_what_is_no_address_is_refused(given: str) -> None:
    with pytest.raises(PolicyError, match="not an IP address"):
        Policy(FILMS, AT, ip_address=given)
    with pytest.raises(TypeError):
        Policy(FILMS, AT, ip_address=7)  # type: ignore[arg-type]


def test_for_cloudfront_a_wide_policy_becomes_one_for_each_resource() -> None:
    others = ["https://media.example.com/a.jpg", "https://media.example.com/songs/*"]
    wide = Policy([FILMS, *others], AT, ip_address="203.0.113.7")
    split = wide.for_cloudfront()
    assert [one.resources for one in split] == [(FILMS,), (others[0],), (others[1],)]
    assert {one.ip_address for one in split} == {"203.0.113.7"}
    assert [one.cookie_path for one in split] == ["/films", "/a.jpg", "/songs"]
    assert wide.cookie_path == "/"


def test_for_cloudfront_ipv6_is_refused() -> None:
    policy = Policy(FILMS, AT, ip_address="2001:db8::/32")
    with pytest.raises(PolicyError, match="IPv6") as refused:
        policy.for_cloudfront()
    assert "IPv4" in (refused.value.hint or "")


def test_errors_can_be_pickled_and_copied() -> None:
    with pytest.raises(GatepassError) as refused:
        Policy([], AT)
    for again in (pickle.loads(pickle.dumps(refused.value)), copy.copy(refused.value)):
        assert isinstance(again, PolicyError)
        assert (again.message, again.hint) == (refused.value.message, refused.value.hint)
