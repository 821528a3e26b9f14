"""Policies as the signers spell them, and CloudFront's base64."""

import base64
import json

from .case import Case


def javascript_policy(case: Case) -> str:
    """The policy with its conditions in the order of the AWS SDK for JavaScript."""
    condition = {"DateLessThan": {"AWS:EpochTime": case.expires}}
    if case.starts is not None:
        condition["DateGreaterThan"] = {"AWS:EpochTime": case.starts}
    if case.network is not None:
        condition["IpAddress"] = {"AWS:SourceIp": with_prefix(case.network)}
    return _statement(case.resource, condition)


def documented_policy(case: Case) -> str:
    """The policy in the order of CloudFront's guide, with the white space a person would write."""
    condition = {}
    if case.network is not None:
        condition["IpAddress"] = {"AWS:SourceIp": with_prefix(case.network)}
    if case.starts is not None:
        condition["DateGreaterThan"] = {"AWS:EpochTime": case.starts}
    condition["DateLessThan"] = {"AWS:EpochTime": case.expires}
    return json.dumps(json.loads(_statement(case.resource, condition)), indent=2)


def canned_policy(resource: str, expires: int) -> str:
    """The policy of which only the expiry travels."""
    return _statement(resource, {"DateLessThan": {"AWS:EpochTime": expires}})


def with_prefix(network: str) -> str:
    return network if "/" in network else f"{network}/32"


def encode(data: bytes) -> str:
    return base64.b64encode(data).translate(bytes.maketrans(b"+=/", b"-_~")).decode()


def decode(text: str) -> bytes:
    return base64.b64decode(text.encode().translate(bytes.maketrans(b"-_~", b"+=/")), validate=True)


def _statement(resource: str, condition: dict) -> str:
    policy = {"Statement": [{"Resource": resource, "Condition": condition}]}
    return json.dumps(policy, separators=(",", ":"))
