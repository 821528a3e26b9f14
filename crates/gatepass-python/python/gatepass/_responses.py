"""A pass's cookies on a response of Django, Flask, FastAPI or Starlette.

All of them have a method `set_cookie` that takes the same names, so that one function serves them.
The defaults are CloudFront's advice: `Secure`, `HttpOnly`, no `Domain` (so that only the host that
sets the cookies gets them back), and no expiry (so that they go when the browser closes).
"""

from __future__ import annotations

from collections.abc import Mapping
from http.cookies import BaseCookie, Morsel
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from ._gatepass import clear_cookie_lines, cookie_names, set_cookie_lines

if TYPE_CHECKING:
    from ._words import SameSite


class Response(Protocol):
    """What has Django's, Flask's and Starlette's way of setting a cookie."""

    # Frameworks write `SameSite` in different cases, and their types say so.
    def set_cookie(
        self,
        key: str,
        value: str = ...,
        *,
        max_age: int | None = ...,
        path: str = ...,
        domain: str | None = ...,
        secure: bool = ...,
        httponly: bool = ...,
        samesite: Any = ...,
    ) -> None: ...


class Place(NamedTuple):
    """Where a browser keeps a cookie, and when it sends it."""

    path: str
    domain: str | None
    same_site: SameSite | None


def set_cookies(
    response: Response,
    cookies: Mapping[str, str],
    *,
    path: str = "/",
    domain: str | None = None,
    same_site: SameSite | None = None,
) -> None:
    """Sets the cookies of a pass.

    `path` and `domain` say which requests carry them; the most precise are the best.
    `same_site="none"` is what a player on another site needs.
    """
    # Refuses what is no cookie of a pass, and what a browser would not understand as meant.
    set_cookie_lines(cookies, path=path, domain=domain, same_site=same_site)
    for name, value in cookies.items():
        _set(response, name, value, None, Place(path, domain, same_site))


def clear_cookies(
    response: Response,
    *,
    key_pair_id: str | None = None,
    path: str = "/",
    domain: str | None = None,
    same_site: SameSite | None = None,
) -> None:
    """Takes away every cookie that a pass may have, the plain ones and those named after the key.

    A browser takes away only what was set at the same `path` and `domain`.
    """
    clear_cookie_lines(key_pair_id=key_pair_id, path=path, domain=domain, same_site=same_site)
    for name in cookie_names(key_pair_id):
        _set(response, name, "", 0, Place(path, domain, same_site))


def _set(response: Response, name: str, value: str, max_age: int | None, place: Place) -> None:
    jar = getattr(response, "cookies", None)
    # Django keeps its cookies by name, so that those of another path would be lost.
    others = _take_away(jar, name, place) if isinstance(jar, BaseCookie) else {}
    response.set_cookie(
        name,
        value,
        max_age=max_age,
        path=place.path,
        domain=place.domain,
        secure=True,
        httponly=True,
        samesite=place.same_site and place.same_site.lower(),
    )
    if others and isinstance(jar, BaseCookie):
        for morsel in [*others.values(), jar.pop(name)]:
            jar[_key(jar, morsel)] = morsel


def _take_away(jar: BaseCookie[str], name: str, place: Place) -> dict[str, Morsel[str]]:
    """Takes out the cookies of this name, and gives back those of other places."""
    taken = {key: jar.pop(key) for key, morsel in list(jar.items()) if morsel.key == name}
    here = (place.path, place.domain or "")
    return {key: morsel for key, morsel in taken.items() if _place(morsel) != here}


def _key(jar: BaseCookie[str], morsel: Morsel[str]) -> str:
    """Its name, or if that is taken a key that is no cookie's name: it is not sent."""
    return f"{morsel.key} {' '.join(_place(morsel))}" if morsel.key in jar else morsel.key


def _place(morsel: Morsel[str]) -> tuple[str, str]:
    return morsel["path"], morsel["domain"]
