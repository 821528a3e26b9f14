"""Makes `signers.jsonl` from a corpus of passes made by the signers people use.

    python3 signers.py FOLDER

FOLDER holds the corpus: `vectors.jsonl` and `keys/`. It is not part of this
project; what is needed of it ends up in `signers.jsonl` and `keys/`.

The expectations come from the oracle. What the corpus knows about each vector
by itself (does the signature verify, can the canned policy be rebuilt, which
base64 was used …) is compared with them, and what does not fit is printed.
"""

import base64
import collections
import ipaddress
import json
import pathlib
import re
import sys

from cryptography.hazmat.primitives.serialization import load_pem_public_key

from oracle import judge, read_network, Denied

HERE = pathlib.Path(__file__).resolve().parent.parent
HOST = "d111111abcdef8.cloudfront.net"
WIRE_SAFE = re.compile(r"[A-Za-z0-9\-._~:/?\[\]@!$&'()*+,;=%]*")
OUTSIDERS = ("198.51.100.7", "203.0.113.200", "192.0.2.200", "2001:db9::7")
ANYONE = "198.51.100.7"
SOME_EXPIRY = 1767290400


def asked(vector):
    """The URL that a viewer's client would ask for, and the Cookie header."""
    cookies = vector["outputs"].get("cookies")
    if cookies is None:
        return over_the_wire(vector["outputs"]["url"]), None
    url = over_the_wire(vector["inputs"]["url"])
    if vector["policy_kind"] == "custom" and "wildcard" in vector["tags"]:
        url = url.replace("video-?", "video-1").replace("zip?*", "zip?any=1")
        url = url.replace("*", "any/file.txt")
    return url, "; ".join(f"{name}={value}" for name, value in cookies.items())


def over_the_wire(url):
    """No fragment, no user name, a host that can be asked, HTTP or HTTPS, a path."""
    url = url.split("#")[0]
    if url.startswith("*") and "://" not in url:
        url = f"https://{HOST}/any/file.txt{url[1:]}"
    elif "://" not in url.split("?")[0]:
        url = "https://" + ("" if url.startswith(HOST) else f"{HOST}/") + url
    scheme, rest = url.split("://", 1)
    if scheme.lower() not in ("http", "https"):
        scheme = "https"
    host, rest = re.fullmatch(r"([^/?]*)(.*)", rest, re.S).groups()
    host = host.rpartition("@")[2]
    if host == "*":
        host, rest = HOST, rest if rest.startswith("/") else "/any/file.txt" + rest
    host = host.replace("*", "www")
    return f"{scheme}://{host}{rest if rest.startswith('/') else '/' + rest}"


def conditions(vector):
    """(expiry, start, network) as the signed text says, without judging it."""
    found = {"DateLessThan": vector["inputs"]["date_less_than"],
             "DateGreaterThan": vector["inputs"]["date_greater_than"],
             "IpAddress": vector["inputs"]["ip"]}
    try:
        statement = json.loads(signed_text(vector))["Statement"]
        statement = statement[0] if isinstance(statement, list) else statement
        for name, inner in statement["Condition"].items():
            found[name] = next(iter(inner.values()))
    except (ValueError, LookupError, TypeError, AttributeError, StopIteration):
        pass
    def moment(value):
        return value if type(value) is int and 0 < value < 2**63 else None
    try:
        network = read_network(found["IpAddress"], "gatepass")
    except (Denied, AttributeError):
        network = None
    return moment(found["DateLessThan"]) or SOME_EXPIRY, moment(found["DateGreaterThan"]), network


def signed_text(vector):
    return base64.b64decode(vector["outputs"]["policy_bytes_b64"]).decode("utf-8-sig")


def moments(expiry, start):
    """One second before the end, the end, one second after the start, the start."""
    wanted = [expiry - 1, expiry] + ([start + 1, start] if start is not None else [])
    return list(dict.fromkeys(wanted))


def expectation(answer):
    if answer["admitted"]:
        return {"admitted": True}
    return {"denied": answer["reason"], "code": answer["code"]}


def compact(vector, keys):
    """One line of signers.jsonl."""
    url, cookie = asked(vector)
    expiry, start, network = conditions(vector)
    inside = ANYONE
    outside = None
    if network is not None:
        inside = someone_in(network)
        outside = next((ip for ip in OUTSIDERS if same_family(ip, network)
                        and ipaddress.ip_address(ip) not in network), None)
    name = vector["inputs"]["key_file"].split(".")[0]
    key_id = vector["inputs"]["key_id"]
    line = {"id": vector["id"], "signer": vector["signer"], "tags": list(vector["tags"])}
    if not WIRE_SAFE.fullmatch(url):
        line["tags"].append("not-wire-safe")
    legacy = name in ("rsa1024_a", "rsa4096_a")
    if legacy:
        line["legacy"] = True
    line |= {"key": f"{name}.public.pem", "key_id": key_id, "url": url}
    if cookie is not None:
        line["cookie"] = cookie
    line["client_ip"] = inside
    line["checks"] = []
    questions = [(now, None) for now in moments(expiry, start)]
    if outside:
        questions.insert(1, (expiry - 1, outside))
    for now, address in questions:
        check = {"now": now}
        if address:
            check["client_ip"] = address
        answers = [expectation(judge(url, cookie, {key_id: keys[name]}, address or inside, now,
                                     reading, legacy)) for reading in ("gatepass", "strict")]
        check["expect"] = answers[0]
        if answers[1] != answers[0]:
            check["strict"] = answers[1]
        line["checks"].append(check)
    return line


def someone_in(network):
    if same_family(ANYONE, network) and ipaddress.ip_address(ANYONE) in network:
        return ANYONE
    return str(network[min(1, network.num_addresses - 1)])


def same_family(ip, network):
    return ipaddress.ip_address(ip).version == network.version


def disagreements(vector, line):
    """What the corpus's own metadata says otherwise than the oracle."""
    first = line["checks"][0]["expect"]
    reason = first.get("denied", "admitted")
    past_signature = reason in ("admitted", "not_yet", "expired", "resource_not_covered",
                                "address_not_allowed")
    if past_signature and not vector["verified"]:
        yield "the corpus could not verify this signature"
    if past_signature and not vector["hash_marker_matches"]:
        yield "signed with SHA256, but not marked so"
    if past_signature and "standard-base64" in vector["encoding"].values():
        yield "standard base64 let through"
    rebuild = vector.get("edge_rebuild")
    if rebuild and rebuild.startswith("no") and past_signature:
        yield "the corpus says that no edge can rebuild this"
    if rebuild == "concat" and reason == "signature_mismatch":
        yield "the corpus says that plain text insertion works"
    if rebuild and rebuild.startswith("json") and past_signature:
        yield "fits without or with JSON escapes: " + rebuild
    if (vector["policy_kind"] == "custom" and reason == "signature_mismatch"
            and vector["hash_marker_matches"]):
        yield "a custom policy with a good signature"


def main(folder):
    corpus = pathlib.Path(folder)
    vectors = [json.loads(line) for line in (corpus / "vectors.jsonl").open(encoding="utf-8")]
    names = sorted({vector["inputs"]["key_file"].split(".")[0] for vector in vectors})
    keys = {}
    for name in names:
        pem = (corpus / "keys" / f"{name}.pub.spki.pem").read_bytes()
        (HERE / "keys" / f"{name}.public.pem").write_bytes(pem)
        keys[name] = load_pem_public_key(pem)
    table = collections.Counter()
    with (HERE / "signers.jsonl").open("w", encoding="utf-8") as out:
        for vector in vectors:
            line = compact(vector, keys)
            out.write(json.dumps(line, ensure_ascii=True, separators=(",", ":")) + "\n")
            reason = line["checks"][0]["expect"].get("denied", "admitted")
            for tag in line["tags"]:
                table[tag, reason] += 1
            for remark in disagreements(vector, line):
                print(f"look: {line['id']}: {reason}: {remark}")
    for (tag, reason), count in sorted(table.items()):
        print(f"{tag:26} {reason:24} {count}")


if __name__ == "__main__":
    main(*sys.argv[1:])
