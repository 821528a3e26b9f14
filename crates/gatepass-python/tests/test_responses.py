"""The cookies of a pass on the responses of real frameworks, as a client gets them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from conftest import KEY, Keys
from django.http import HttpRequest, HttpResponse
from django.test import Client as DjangoClient
from django.test import override_settings
from django.urls import clear_url_caches
from django.urls import path as django_path
from fastapi import FastAPI
from fastapi import Response as FastApiResponse
from fastapi.testclient import TestClient
from flask import Flask
from flask import Response as FlaskResponse
from gatepass import (
    CookieError,
    Policy,
    SignedCookies,
    clear_cookie_lines,
    clear_cookies,
    cookie_names,
    set_cookie_lines,
    set_cookies,
)
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

AT = 1_900_000_000

Act = Callable[[Any], None]
"""What a view does with its response."""

Answer = Callable[[Act], list[str]]
"""Runs a view in a framework and gives the `Set-Cookie` lines that a client gets."""

urlpatterns: list[Any] = []


def by_django(act: Act) -> list[str]:
    def view(_: HttpRequest) -> HttpResponse:
        response = HttpResponse("hello")
        act(response)
        return response

    urlpatterns[:] = [django_path("", view)]
    clear_url_caches()
    with override_settings(ROOT_URLCONF=__name__):
        response = DjangoClient().get("/")
    # As Django's handlers for WSGI and ASGI write them.
    return [morsel.OutputString() for morsel in response.cookies.values()]


def by_flask(act: Act) -> list[str]:
    app = Flask(__name__)

    @app.get("/")
    def view() -> FlaskResponse:
        response = FlaskResponse("hello")
        act(response)
        return response

    return app.test_client().get("/").headers.getlist("Set-Cookie")


def by_fastapi(act: Act) -> list[str]:
    app = FastAPI()

    @app.get("/")
    def view(response: FastApiResponse) -> str:
        act(response)
        return "hello"

    return TestClient(app).get("/").headers.get_list("set-cookie")


def by_starlette(act: Act) -> list[str]:
    def view(_: Request) -> PlainTextResponse:
        response = PlainTextResponse("hello")
        act(response)
        return response

    client = TestClient(Starlette(routes=[Route("/", view)]))
    return client.get("/").headers.get_list("set-cookie")


@pytest.fixture(params=[by_django, by_flask, by_fastapi, by_starlette])
def answer(request: pytest.FixtureRequest) -> Iterator[Answer]:
    yield request.param


@pytest.fixture(scope="module")
def cookies(rsa: Keys) -> SignedCookies:
    return rsa.signer().sign(Policy("https://media.example.com/films/*", AT)).cookies()


def parts(line: str) -> tuple[str, set[str]]:
    """`name=value`, and the attributes as browsers read them: in any order and case."""
    pair, *attributes = line.split("; ")
    names = (attribute.partition("=") for attribute in attributes)
    return pair, {f"{name.lower()}{sign}{value}" for name, sign, value in names}


def alike(lines: list[str]) -> list[tuple[str, set[str]]]:
    return [(pair, {word.replace("=lax", "=Lax") for word in words}) for pair, words in map(parts, lines)]


def test_the_defaults_are_cloudfronts_advice(answer: Answer, cookies: SignedCookies) -> None:
    lines = answer(lambda response: set_cookies(response, cookies))
    assert len(lines) == 3
    for line, (name, value) in zip(lines, cookies.items(), strict=True):
        pair, attributes = parts(line)
        assert pair == f"{name}={value}"
        assert attributes == {"path=/", "secure", "httponly"}


def test_path_domain_and_same_site_are_set_as_asked(answer: Answer, cookies: SignedCookies) -> None:
    where: dict[str, Any] = {"path": "/films", "domain": "media.example.com"}
    lines = answer(lambda response: set_cookies(response, cookies, **where, same_site="none"))
    wanted = {"path=/films", "domain=media.example.com", "secure", "httponly"}
    for line in lines:
        attributes = {word.lower() for word in parts(line)[1]}
        assert attributes == {*wanted, "samesite=none"}


def test_frameworks_and_our_own_lines_say_the_same(answer: Answer, cookies: SignedCookies) -> None:
    where: dict[str, Any] = {"path": "/films", "domain": "e.com", "same_site": "Lax"}
    lines = answer(lambda response: set_cookies(response, cookies, **where))
    assert alike(lines) == alike(set_cookie_lines(cookies, **where))


def test_clearing_takes_away_every_name_at_the_same_place(answer: Answer) -> None:
    where: dict[str, Any] = {"path": "/films", "domain": "media.example.com"}
    lines = answer(lambda response: clear_cookies(response, key_pair_id=KEY, **where))
    assert len(lines) == 10
    assert [line.split("=")[0] for line in lines] == cookie_names(KEY)
    for line in lines:
        pair, attributes = parts(line)
        assert pair.partition("=")[2].strip('"') == ""
        assert {"max-age=0", "path=/films", "domain=media.example.com", "secure"} <= attributes


def test_passes_at_different_paths_are_set_side_by_side(answer: Answer, rsa: Keys) -> None:
    wide = Policy(["https://e.com/films/*", "https://e.com/songs/*", "https://e.com/a.jpg"], AT)

    def act(response: Any) -> None:
        for policy in wide.for_cloudfront():
            set_cookies(response, rsa.signer().sign(policy).cookies(), path=policy.cookie_path)

    lines = answer(act)
    assert len(lines) == 9
    paths = [word for line in lines for word in parts(line)[1] if word.startswith("path=")]
    assert sorted(paths) == ["path=/a.jpg"] * 3 + ["path=/films"] * 3 + ["path=/songs"] * 3
    assert len({parts(line)[0] for line in lines}) == 3 + 3 + 1, "one key, three policies"


def test_what_is_set_again_in_its_place_counts_last(answer: Answer, rsa: Keys) -> None:
    first, second = (rsa.signer().sign(Policy("https://e.com/*", AT + n)).cookies() for n in (0, 1))

    def act(response: Any) -> None:
        set_cookies(response, first, path="/a")
        clear_cookies(response, path="/")
        set_cookies(response, first)
        set_cookies(response, second)

    last: dict[tuple[str, str], str] = {}
    for line in answer(act):
        pair, attributes = parts(line)
        (path,) = [word for word in attributes if word.startswith("path=")]
        name, _, value = pair.partition("=")
        last[name, path] = value
        if value in second.values():
            assert not any(word.startswith(("max-age", "expires")) for word in attributes)
    for name, value in second.items():
        assert last[name, "path=/"] == value
        assert last[name, "path=/a"] == first[name]


def test_a_response_keeps_its_other_cookies(answer: Answer, cookies: SignedCookies) -> None:
    def act(response: Any) -> None:
        response.set_cookie("session", "1")
        set_cookies(response, cookies)
        set_cookies(response, cookies, path="/films")

    lines = answer(act)
    assert len(lines) == 7
    assert sum(line.startswith("session=1") for line in lines) == 1


@pytest.mark.parametrize(
    "where",
    [
        {"path": "/films/*"},
        {"path": "films"},
        {"path": "/a; Domain=e.com"},
        {"domain": "*.example.com"},
        {"domain": "a;b"},
    ],
)
def test_what_a_browser_would_not_understand_is_refused_before_anything_is_set(
    answer: Answer, cookies: SignedCookies, where: Any
) -> None:
    def act(response: Any) -> None:
        with pytest.raises(CookieError):
            set_cookies(response, cookies, **where)
        with pytest.raises(CookieError):
            clear_cookies(response, **where)

    assert answer(act) == []


@pytest.mark.parametrize(
    "pair",
    [
        {"session": "1"},
        {"CloudFront-Policy": "a; Domain=example.com"},
        {"CloudFront-Policy": "a\r\nSet-Cookie: b=c"},
        {"CloudFront-Policy": ""},
        {"CloudFront-Policy-K\r\n": "a"},
        {"cloudfront-policy": "a"},
    ],
)
def test_what_is_no_cookie_of_a_pass_is_refused(pair: dict[str, str]) -> None:
    with pytest.raises(CookieError):
        set_cookie_lines(pair)


def test_a_same_site_that_is_none_is_refused(cookies: SignedCookies) -> None:
    with pytest.raises(ValueError, match="same_site"):
        set_cookie_lines(cookies, same_site="loose")  # type: ignore[arg-type]


def test_lines_for_any_other_framework() -> None:
    pair = {"CloudFront-Policy": "e30_"}
    assert set_cookie_lines(pair) == ["CloudFront-Policy=e30_; Path=/; Secure; HttpOnly"]
    cleared = clear_cookie_lines(same_site="Strict")
    assert len(cleared) == 5
    assert cleared[0] == "CloudFront-Expires=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0"
