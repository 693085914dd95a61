"""Asks every operation of an API with what no generator of valid documents writes: NUL, invalid UTF-8, overlong and
malformed escapes in paths and queries, hostile headers, and bodies that are no JSON. An answer must be a problem document
with a status of 4xx, or a success; never a 5xx, a cut connection or a body without its declared media type.

    hostile.py ADDRESS [KEY]
"""

import http.client
import itertools
import json
import sys
from urllib.parse import urlsplit

TEXTS = [
    "%00", "a%00b", "%ff", "%c3%28", "%ed%a0%80", "%f0%82%82%ac", "%", "%zz", "%2", "..%2f..%2fetc", "%0d%0aX-Injected:%201", "%e2%80%ae",
    "%F0%9F%94%8C", "'", "%22", "%3Cscript%3E", "a" * 3000, "%2e%2e", "-1", "1e400", "NaN", "9" * 400, "%EF%BF%BF", "null", "%5B%5D", "%7B%7D", "+", "%20",
]
HEADERS = [
    ("X-Request-Id", "a\x00b"), ("X-Request-Id", "x" * 5000), ("X-Request-Id", "\xff\xfe"), ("Accept", "\xff"), ("Accept", ";;;,,"), ("Accept", "text/" + "x" * 3000),
    ("Accept-Encoding", "gzip;q=nan, br;q=-1"), ("If-None-Match", '"' * 500), ("If-None-Match", "W/" * 100), ("Authorization", "Bearer"), ("Authorization", "Bearer \xff"),
    ("Authorization", "Basic " + "A" * 3000), ("X-API-Key", "et_" + "A" * 43), ("X-API-Key", "\xff" * 46), ("Cookie", "energytwin_session=a.b.c"), ("Cookie", "=;=;=" * 50),
    ("Cookie", "energytwin_session=\xff"), ("Origin", "null"), ("Range", "bytes=0-1,5-4"), ("Content-Length", "0"), ("Host", "evil.example"), ("X-Forwarded-For", "a" * 2000),
    ("X-Forwarded-Proto", "\xff"), ("Last-Event-ID", "a\x7fb"), ("Idempotency-Key", "\xff" * 64), ("Content-Encoding", "gzip"), ("Expect", "200-ok"),
]
BODIES = [
    b"", b"\x00", b"\xff\xfe", b"{", b"[]", b"null", b'"a"', b"1e999", b'{"name":"a\x00b","scope":"read"}', b'{"name":"\xff","scope":"read"}', b'{"name":"\\u0000","scope":"read"}',
    b'{"name":"\\ud800","scope":"read"}', b"[" * 20_000, b'{"a":' * 5000, b'{"name":"a","name":"b"}', b"\x1f\x8b\x08\x00garbage", b'{"apiKey":"' + b"x" * 5000 + b'"}',
]
MEDIA = ["application/json", "text/plain", "application/x-ndjson", "text/csv", "", "application/json; charset=\xff", "multipart/form-data"]


def operations(document):
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method.upper(), path, operation


def filled(path, text):
    return "".join(text if part.startswith("{") else part for part in itertools.chain.from_iterable(
        (piece if i == 0 else "{", *(piece.split("}", 1)[1:] if i else ())) for i, piece in enumerate(path.split("{"))))


def requests(document):
    """Every operation with each hostile text, header and body: method, target, headers, body."""
    for method, path, operation in operations(document):
        plain = filled(path, "x")
        if "{" in path:
            for text in TEXTS:
                yield method, filled(path, text), {}, None
        names = [p["name"] for p in operation.get("parameters", []) if p["in"] == "query"]
        for name, text in itertools.product(names + ["nosuch", "%00", "%ff"], TEXTS):
            yield method, f"{plain}?{name}={text}", {}, None
        for query in ["?", "?&", "?=", "?a;b", "?;;", "?%", "?" + "&".join(["a=1"] * 300), "?" + "a" * 20_000]:
            yield method, plain + query, {}, None
        for name, value in HEADERS:
            yield method, plain, {name: value}, None
        if method in ("POST", "PUT", "PATCH"):
            for media, body in itertools.product(MEDIA, BODIES):
                yield method, plain, {"Content-Type": media}, body


def wrong(method, response, body):
    """What is wrong with an answer; None if nothing is."""
    media = response.getheader("Content-Type", "")
    if response.status >= 500:
        return f"status {response.status}"
    if response.getheader("X-Injected"):
        return "a header was injected"
    if response.status >= 400:
        if not media.startswith("application/problem+json"):
            return f"status {response.status} with the media type {media!r}"
        problem = json.loads(body)
        if problem.get("status") != response.status or not problem.get("code"):
            return f"no problem of the status {response.status}: {body[:200]!r}"
    return None


def main(address, key=None):
    parts = urlsplit(address)
    base = parts.path.rstrip("/")

    def ask(method, target, headers, body):
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
        try:
            # Not by http.client's own checks: they reject what is to be sent.
            head = {"Host": parts.netloc, "Connection": "close", **({"X-API-Key": key} if key else {})}
            head.update(headers)
            if body is not None:
                head["Content-Length"] = str(len(body))
            lines = [f"{method} {base}{target} HTTP/1.1"] + [f"{n}: {v}" for n, v in head.items()]
            connection.connect()
            connection.sock.sendall("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (body or b""))
            response = http.client.HTTPResponse(connection.sock, method=method)
            response.begin()
            # A stream has no end: its first line is enough.
            endless = response.getheader("Content-Type", "").startswith("text/event-stream")
            return response, response.readline() if endless else response.read()
        finally:
            connection.close()

    _, text = ask("GET", "/openapi.json", {}, None)
    document, sent, failures, seen = json.loads(text), 0, [], {}
    for method, target, headers, body in requests(document):
        sent += 1
        try:
            response, answer = ask(method, target, headers, body)
            seen[response.status] = seen.get(response.status, 0) + 1
            fault = wrong(method, response, answer)
        except (OSError, ValueError, http.client.HTTPException) as error:
            fault = f"{type(error).__name__}: {error}"
        if fault:
            failures.append(f"{method} {target[:200]} {headers} {body[:60] if body else ''}: {fault}")
    print(f"{sent} hostile requests, answered with", ", ".join(f"{n} × {status}" for status, n in sorted(seen.items())))
    for failure in failures[:50]:
        print("  " + failure.encode("unicode_escape").decode())
    if failures:
        sys.exit(f"{len(failures)} failures")


if __name__ == "__main__":
    main(*sys.argv[1:])
