"""Shows Gatepass's gate every pass that anyone signed: inside its terms, and outside of them."""

from collections.abc import Iterator
from dataclasses import dataclass

from .case import Case
from .checks import Checks
from .gatepass import Gatepass


@dataclass(frozen=True)
class Question:
    """A viewer request, and whether it has to be admitted."""

    signed: str
    """What was signed, and by whom."""
    fact: str
    case: Case
    url: str
    cookie: str | None
    client_ip: str
    now: int
    admitted: bool
    is_about_time: bool = False

    @property
    def about(self) -> str:
        return f"{self.signed} {self.fact}"

    def as_json(self, number: int) -> dict:
        spoken = {"url": self.url, "client_ip": self.client_ip, "now": self.now}
        if self.cookie is not None:
            spoken["cookie"] = self.cookie
        return {"id": str(number), **spoken}


class Admission:
    def __init__(self, gatepass: Gatepass, keys) -> None:
        self._gatepass = gatepass
        self._keys = keys
        self._questions: list[Question] = []

    @property
    def questions(self) -> list[Question]:
        return self._questions

    def of_url(self, signer: str, case: Case, signed: str) -> None:
        """Keeps a signed URL to be shown at the gate."""
        self._questions += questions(f"URLs by {signer}", case, signed, None)

    def of_cookies(self, signer: str, case: Case, cookies: dict[str, str]) -> None:
        """Keeps signed cookies to be shown at the gate, with a request for the case's URL."""
        line = "; ".join(f"{name}={value}" for name, value in cookies.items())
        self._questions += questions(f"cookies by {signer}", case, case.url, f"theme=dark; {line}")

    def judge(self, checks: Checks) -> None:
        """Asks all that was kept: of Gatepass as it reads by itself, and strictly as CloudFront."""
        for flags, how in ((), ""), (("--strict",), ", read strictly"):
            asked = (question.as_json(n) for n, question in enumerate(self._questions))
            answers = self._gatepass.verify(asked, self._keys, *flags)
            for number, question in enumerate(self._questions):
                checks.during("", question.case)
                answer = answers.get(str(number), {})
                right = answer.get("admitted") is question.admitted
                checks.holds(f"{question.about}{how}", right, f"{question}\n    answered {answer}")


def questions(signed_thing: str, case: Case, url: str, cookie: str | None) -> Iterator[Question]:
    """One question that is to be admitted, and as many as there are ways to leave the terms."""

    def ask(fact: str, admitted: bool, **other) -> Question:
        request = {"url": url, "cookie": cookie, "client_ip": case.viewer, "now": case.inside}
        about_time = "now" in other
        return Question(signed_thing, fact, case, admitted=admitted, is_about_time=about_time, **(request | other))

    yield ask("are admitted", True)
    yield ask("are denied in the second they expire", False, now=case.expires)
    host = case.url.split("/")[2]
    elsewhere = url.replace(f"//{host}/", "//elsewhere.example.net/", 1)
    yield ask("are denied for another host", False, url=elsewhere)
    yield ask("are denied when forged", False, **forged(url, cookie))
    if case.is_canned:
        longer = url.replace("?", "x?", 1) if "?" in url else url + "x"
        yield ask("are denied for another path", False, url=longer)
    if case.starts is not None:
        yield ask("are admitted once they have started", True, now=case.starts + 1)
        yield ask("are denied before they start", False, now=case.starts - 1)
    if case.network is not None:
        yield ask("are denied to other networks", False, client_ip="192.0.2.55")


def forged(url: str, cookie: str | None) -> dict:
    """The same request with one letter of the signature turned into another."""

    def turned(text: str) -> str:
        before, after = text.split("Signature=", 1)
        return f"{before}Signature={after[:20]}{'A' if after[20] != 'A' else 'B'}{after[21:]}"

    return {"url": turned(url)} if cookie is None else {"cookie": turned(cookie)}
