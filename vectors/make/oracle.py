"""An independent judge of CloudFront signed URLs and signed cookies.

Written from the specification alone, so that the Rust implementation is checked
against something that it did not make itself. It is slow, small and plain on
purpose: every rule is one function, and the numbers D1..D35 in the comments are
the decisions of the specification.

    judge(url, cookie_header, public_keys, client_ip, now, reading) -> dict

`reading` is "gatepass" (CloudFront plus our extensions) or "strict" (CloudFront
and nothing else). The answer is {"admitted", "reason", "code"}; reason and code
are empty for an admitted request.
"""

import ipaddress
import itertools
import json
import re
from collections import namedtuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

# Reasons in the order in which the judge asks; the later, the further a pass got.
CODES = {
    "parameter_repeated": "AccessDenied",
    "no_pass": "MissingKey",
    "key_id_missing": "MissingKey",
    "key_id_malformed": "MissingKey",
    "key_unknown": "InvalidKey",
    "policy_missing": "MalformedPolicy",
    "policy_malformed": "MalformedPolicy",
    "signature_missing": "MalformedSignature",
    "signature_undecodable": "MalformedSignature",
    "hash_unsupported": "AccessDenied",
    "signature_mismatch": "AccessDenied",
    "not_yet": "AccessDenied",
    "expired": "AccessDenied",
    "resource_not_covered": "AccessDenied",
    "address_not_allowed": "AccessDenied",
}
ORDER = list(CODES)

PARTS = (b"Expires", b"Policy", b"Signature", b"Key-Pair-Id", b"Hash-Algorithm")
LARGEST_POLICY = 8192          # bytes, decoded (D15)
DEEPEST_POLICY = 8             # nested objects and arrays (D15)
LARGEST_EPOCH = 2**63 - 1      # D13
MILLISECONDS = range(10**12, 10**14 + 1)  # look like milliseconds (D13)
MOST_TRIES = 8                 # sets of cookies tried in one request

Url = namedtuple("Url", "scheme host path query")  # bytes; query is None if there is no "?"
Pass = namedtuple("Pass", "policy expires signature key_id hash")  # bytes or None
Statement = namedtuple("Statement", "resources starts expires network")


class Denied(Exception):
    """The judge stops here; the argument is the reason."""


# --- The request ------------------------------------------------------------

def read_url(url):
    """Splits an absolute URL, as bytes, touching as little as possible.

    A fragment is never sent, and an empty path goes over the wire as "/".
    """
    if isinstance(url, str):
        url = url.encode("utf-8", "surrogatepass")
    url = url.split(b"#", 1)[0]
    scheme, sep, rest = url.partition(b"://")
    if not sep:
        raise ValueError("not an absolute URL")
    rest, mark, query = rest.partition(b"?")
    host, slash, path = rest.partition(b"/")
    scheme = scheme.lower()
    port = {b"http": b":80", b"https": b":443"}.get(scheme)
    if port and host.endswith(port):
        host = host[: -len(port)]  # D4
    return Url(scheme, host, slash + path or b"/", query if mark else None)


def split_query(url):
    """The reserved parameters of a URL, and the URL without them (D4, D20)."""
    reserved, own = [], []
    for segment in (url.query or b"").split(b"&") if url.query is not None else []:
        name, _, value = segment.partition(b"=")
        if name in PARTS:
            reserved.append((name, value))
        else:
            own.append(segment)
    if not reserved:
        return reserved, url
    return reserved, url._replace(query=b"&".join(own) or None)


def text(url, host=None):
    """A URL put together again."""
    query = b"" if url.query is None else b"?" + url.query
    return url.scheme + b"://" + (url.host if host is None else host) + url.path + query


def read_cookies(header):
    """(name, value) of each cookie, in order (D23)."""
    if header is None:
        return []
    if not isinstance(header, str):
        header = "; ".join(header)
    pairs = []
    for token in header.encode("utf-8", "surrogateescape").split(b";"):
        name, equals, value = token.strip(b" \t").partition(b"=")
        if equals:
            pairs.append((name, value))
    return pairs


# --- Finding the passes -----------------------------------------------------

def pass_in_query(reserved):
    names = [name for name, _ in reserved]
    if len(names) != len(set(names)):
        raise Denied("parameter_repeated")  # D2
    parts = dict(reserved)
    return one_pass({name: [value] for name, value in parts.items()})


def one_pass(values):
    """A pass of the first value of each name; Policy wins over Expires (D1, D3)."""
    policy, expires, signature, key_id, hash_name = (
        values.get(name, [None])[0] for name in
        (b"Policy", b"Expires", b"Signature", b"Key-Pair-Id", b"Hash-Algorithm"))
    return Pass(policy or None, None if policy else expires or None, signature, key_id, hash_name)


def passes_in_cookies(pairs, reading):
    """The passes to try, in order. An empty list means that there is no pass."""
    groups = {}
    for name, value in pairs:
        for part in PARTS:
            stem = b"CloudFront-" + part
            if name == stem:
                key = b""
            elif (reading == "gatepass" and name.startswith(stem + b"-")
                  and key_id_is_well_formed(name[len(stem) + 1:])):
                key = name[len(stem) + 1:]
            else:
                continue
            group = groups.setdefault(key, {})
            group.setdefault(part, []).append(value)
            if part == b"Policy":
                group.setdefault("terms", []).append((value or None, None))
            elif part == b"Expires":
                group.setdefault("terms", []).append((None, value or None))
    if reading == "strict":
        return [one_pass(groups[b""])] if groups else []
    tries = []
    for lane in itertools.zip_longest(*map(combinations, groups.values())):
        for candidate in lane:
            if candidate is not None and candidate not in tries:
                tries.append(candidate)
    return tries[:MOST_TRIES]


def combinations(values):
    """Sets of cookies that share a naming: the n-th with the n-th, then the rest.

    Policy and Expires share a place, since a set has the one or the other.
    """
    terms = [term for term in values.get("terms", []) if term != (None, None)] or [(None, None)]
    kinds = {policy is None for policy, _ in terms}
    signatures = values.get(b"Signature") or [None]
    key_ids = values.get(b"Key-Pair-Id") or [None]
    hash_names = values.get(b"Hash-Algorithm", [])
    paired = len(hash_names) == len(signatures)  # else any marker may belong to any set
    if not paired:
        hash_names = hash_names + [None]
    rows = min(len(terms), len(signatures), len(key_ids))
    straight = [(terms[n], signatures[n], key_ids[n], hash_name)
                for n in range(rows)
                for hash_name in (hash_names[n:n + 1] if paired else hash_names)]
    crossed = []
    if len({len(terms), len(signatures), len(key_ids)}) > 1 or len(kinds) > 1:
        crossed = list(itertools.product(terms, signatures, key_ids, hash_names))
    for (policy, expires), signature, key_id, hash_name in straight + crossed:
        yield Pass(policy, expires, signature, key_id, hash_name)


# --- Judging one pass -------------------------------------------------------

def key_id_is_well_formed(key_id):
    return re.fullmatch(rb"[A-Za-z0-9_-]{1,128}", key_id) is not None


def decode(value, from_url):
    """CloudFront's base64 (D17), or None if it is not that."""
    if from_url:
        for escape, char in ((rb"%7[Ee]", b"~"), (rb"%5[Ff]", b"_"), (rb"%2[Dd]", b"-")):
            value = re.sub(escape, char, value)
    match = re.fullmatch(rb"([A-Za-z0-9~-]*)(_{0,2})", value)
    if not match:
        return None
    body, pad = match.groups()
    if len(body) % 4 == 1 or (pad and (len(body) + len(pad)) % 4):
        return None
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-~"
    bits = 0
    for char in body:
        bits = bits << 6 | alphabet.index(char)
    spare = len(body) * 6 % 8
    if bits & ((1 << spare) - 1):
        return None  # the unused bits of the last character must be zero
    return (bits >> spare).to_bytes(len(body) * 6 // 8, "big")


def key_is_accepted(key, legacy):
    """D31."""
    if isinstance(key, rsa.RSAPublicKey):
        return key.key_size == 2048 or (legacy and key.key_size in (1024, 4096))
    return isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)


def signature_fits(key, signature, message, hash_name):
    algorithm = hashes.SHA256() if hash_name == b"SHA256" else hashes.SHA1()
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, message, padding.PKCS1v15(), algorithm)
        else:
            key.verify(signature, message, ec.ECDSA(algorithm))
    except (InvalidSignature, ValueError):
        return False
    return True


def canned_texts(url, expires):
    """The policies that a canned pass may have been signed over (D4).

    First the URL as it stands. A URL with a quote or a backslash is also tried
    with the escapes that a JSON writer would have put in.
    """
    for host in dict.fromkeys((url.host, url.host.lower())):
        resource = text(url, host)
        spellings = [resource]
        if b'"' in resource or b"\\" in resource:
            spellings.append(json_escaped(resource))
        for spelling in spellings:
            yield (b'{"Statement":[{"Resource":"' + spelling
                   + b'","Condition":{"DateLessThan":{"AWS:EpochTime":' + expires + b"}}}]}")


def json_escaped(raw):
    return json.dumps(raw.decode("latin-1"), ensure_ascii=False)[1:-1].encode("latin-1")


def judge_pass(given, url, from_url, public_keys, client_ip, now, reading, legacy):
    """Raises Denied, or returns if the pass admits the request (section 7.5)."""
    if not given.key_id:
        raise Denied("key_id_missing")
    if not key_id_is_well_formed(given.key_id):
        raise Denied("key_id_malformed")
    key = public_keys.get(given.key_id.decode())
    if key is None or not key_is_accepted(key, legacy):
        raise Denied("key_unknown")
    if given.policy:
        raw = decode(given.policy, from_url)
        if raw is None:
            raise Denied("policy_malformed")
        statements, messages = read_policy(raw, reading), [raw]
    elif given.expires:
        expires = epoch_from_text(given.expires)
        statements, messages = None, list(canned_texts(url, given.expires))
    else:
        raise Denied("policy_missing")
    if not given.signature:
        raise Denied("signature_missing")
    signature = decode(given.signature, from_url)
    if signature is None:
        raise Denied("signature_undecodable")
    if given.hash and given.hash not in (b"SHA1", b"SHA256"):
        raise Denied("hash_unsupported")  # D19
    if not any(signature_fits(key, signature, message, given.hash) for message in messages):
        raise Denied("signature_mismatch")
    if statements is None:
        if now >= expires:
            raise Denied("expired")
        if has_dot_segments(url.path):
            raise Denied("resource_not_covered")  # D22: the raw URL is all that was signed
        return
    answers = [judge_statement(statement, url, client_ip, now) for statement in statements]
    if None not in answers:
        raise Denied(max(answers, key=ORDER.index))


def judge_statement(statement, url, client_ip, now):
    """None if the statement admits, else the reason why not."""
    if statement.starts is not None and now <= statement.starts:
        return "not_yet"  # D12
    if now >= statement.expires:
        return "expired"
    if not any(covers(resource, url) for resource in statement.resources):
        return "resource_not_covered"
    if statement.network is not None and not holds(statement.network, client_ip):
        return "address_not_allowed"
    return None


def judge(url, cookie_header, public_keys, client_ip, now, reading="gatepass", legacy=False):
    """Is this request admitted, and if not, why?"""
    reserved, bare = split_query(read_url(url))
    reasons = []
    try:
        if reserved:
            tries = [pass_in_query(reserved)]
        else:
            tries = passes_in_cookies(read_cookies(cookie_header), reading)
            if not tries:
                raise Denied("no_pass")
    except Denied as denied:
        return refusal(denied.args[0])
    for given in tries:
        try:
            judge_pass(given, bare, bool(reserved), public_keys, client_ip, now, reading, legacy)
            return {"admitted": True, "reason": "", "code": ""}
        except Denied as denied:
            reasons.append(denied.args[0])
    return refusal(max(reasons, key=ORDER.index))


def refusal(reason):
    return {"admitted": False, "reason": reason, "code": CODES[reason]}


# --- The policy -------------------------------------------------------------

def epoch_from_text(raw):
    """D24, with the range of D13."""
    if not re.fullmatch(rb"[1-9][0-9]{0,18}", raw):
        raise Denied("policy_malformed")
    return epoch(int(raw))


def epoch(value):
    if type(value) is not int or not 1 <= value <= LARGEST_EPOCH or value in MILLISECONDS:
        raise Denied("policy_malformed")
    return value


def read_policy(raw, reading):
    """The statements of a custom policy (section 3.2, D13, D15, D16)."""
    if len(raw) > LARGEST_POLICY:
        raise Denied("policy_malformed")
    try:
        policy = read_json(raw)
    except (ValueError, RecursionError):
        raise Denied("policy_malformed") from None
    check(isinstance(policy, dict))
    statements = policy.get("Statement")  # other top-level members are ignored
    check(isinstance(statements, list) and statements)
    check(reading == "gatepass" or len(statements) == 1)
    return [read_statement(statement, reading) for statement in statements]


def read_statement(statement, reading):
    only(statement, {"Resource", "Condition"})
    resources = [None]  # left out: every URL
    if "Resource" in statement:
        resources = statement["Resource"]
        if isinstance(resources, str):
            resources = [resources]
        else:
            check(reading == "gatepass" and isinstance(resources, list) and resources)
        check(all(isinstance(resource, str) for resource in resources))
        resources = [resource.encode() for resource in resources]
    condition = only(statement.get("Condition"), {"DateLessThan", "DateGreaterThan", "IpAddress"})
    expires = epoch(member(condition, "DateLessThan", "AWS:EpochTime"))
    starts = network = None
    if "DateGreaterThan" in condition:
        starts = epoch(member(condition, "DateGreaterThan", "AWS:EpochTime"))
    if "IpAddress" in condition:
        network = read_network(member(condition, "IpAddress", "AWS:SourceIp"), reading)
    return Statement(resources, starts, expires, network)


def member(condition, outer, inner):
    inside = only(condition.get(outer), {inner})
    check(inner in inside)
    return inside[inner]


def only(value, names):
    check(isinstance(value, dict) and set(value) <= names)
    return value


def check(truth):
    if not truth:
        raise Denied("policy_malformed")


def read_json(raw):
    """JSON by the letter: UTF-8 without BOM, no member twice, not too deep."""
    source = raw.decode("utf-8")
    value = json.loads(source, object_pairs_hook=unique, parse_constant=reject)
    if depth(value) > DEEPEST_POLICY:
        raise ValueError("too deep")
    for string in strings(value):
        string.encode("utf-8")  # a lone surrogate is no text
    return value


def reject(_):
    raise ValueError("NaN and Infinity are not JSON")


def unique(pairs):
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member twice")
    return members


def depth(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return 1 + max(map(depth, value), default=0)
    return 0


def strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)


# --- The address ------------------------------------------------------------

def read_network(value, reading):
    """D21. IPv6 is an extension of the reading "gatepass"."""
    check(type(value) is str)
    address, slash, prefix = value.partition("/")
    check("%" not in address and (not slash or re.fullmatch("0|[1-9][0-9]{0,2}", prefix)))
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        raise Denied("policy_malformed") from None
    check(reading == "gatepass" or network.version == 4)
    if network.version == 6 and network.prefixlen >= 96:
        mapped = network.network_address.ipv4_mapped
        if mapped is not None:
            return ipaddress.ip_network((mapped, network.prefixlen - 96))
    return network


def holds(network, client_ip):
    if network == ipaddress.ip_network("0.0.0.0/0"):
        return True  # "anyone", also over IPv6 (D21)
    if client_ip is None:
        return False
    address = ipaddress.ip_address(client_ip)
    if address.version == 6 and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.version == network.version and address in network


# --- The resource -----------------------------------------------------------

def covers(resource, url):
    """The matcher of section 12.1, with the guard against dot segments (D22)."""
    if not matches(resource, url):
        return False
    if has_dot_segments(url.path):
        return matches(resource, url._replace(path=normalised(url.path)))
    if b"//" in url.path and resource not in (text(url), text(url, url.host.lower())):
        return matches(resource, url._replace(path=normalised(url.path)))
    return True


def has_dot_segments(path):
    return any(segment in (b".", b"..") for segment in path.split(b"/"))


def normalised(path):
    """One slash where there were several, then no dot segments."""
    segments = [segment for segment in path.split(b"/") if segment]
    out = []
    for segment in segments:
        if segment == b"..":
            del out[-1:]
        elif segment != b".":
            out.append(segment)
    ends_in_directory = path.endswith((b"/", b"/.", b"/.."))
    return b"/" + b"/".join(out) + (b"/" if out and ends_in_directory else b"")


def matches(resource, url):
    if resource is None or resource == b"*":
        return True
    if resource in (text(url), text(url, url.host.lower())):
        return True
    named = re.match(rb"([A-Za-z*?+.-]+)://", resource)
    if named:
        scheme, rest = named[1], resource[named.end():]
    elif resource.startswith(b"*"):
        scheme, rest = b"*", resource
    else:
        return False  # D7
    if not glob(scheme.lower(), url.scheme):
        return False
    domain, slash, tail = rest.partition(b"/")
    if not glob(domain.lower(), url.host.lower()):
        return False
    if not slash:
        return domain.endswith(b"*") or (url.path == b"/" and url.query is None)
    return any(section_matches(*split, url) for split in splits(b"/" + tail))


def splits(tail):
    """The readings of "?" in a resource (D6): (path, query or None, escaped)."""
    path, escaped, query = tail.partition(b"\\?")
    if escaped:
        yield path, query, True
        return
    for at, char in enumerate(tail):
        if char == ord("?"):
            yield tail[:at], tail[at + 1:], False
    yield tail, None, False


def section_matches(path, query, escaped, url):
    if not glob(path, url.path):
        return False
    if query is None:
        return url.query is None or path.endswith(b"*")
    if escaped:
        return glob(query, url.query or b"")
    return url.query is not None and glob(query, url.query)


def glob(pattern, string):
    """`*` is any run of bytes, `?` is one byte; no escapes."""
    at, star, mark = 0, None, 0
    p = 0
    while at < len(string):
        if p < len(pattern) and pattern[p] == ord("*"):
            star, mark = p, at
            p += 1
        elif p < len(pattern) and pattern[p] in (ord("?"), string[at]):
            p, at = p + 1, at + 1
        elif star is not None:
            mark += 1
            p, at = star + 1, mark
        else:
            return False
    return not pattern[p:].strip(b"*")
