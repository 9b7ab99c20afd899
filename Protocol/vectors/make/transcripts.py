"""Whole connections: what each side sends, in order, and what happens at the server in between."""

from fields import (
    AFTER_BINDING,
    BIND,
    BOUND,
    CANCEL,
    CANCELLING,
    ELSEWHERE,
    ERROR,
    FOLDER,
    GOAWAY,
    HELLO,
    HERE,
    LIST,
    LISTED,
    LISTING,
    NEVER,
    PING,
    PONG,
    SCORE,
    SCORES,
    SMALL,
    TRACING,
    UNBIND,
    UNBOUND,
    WELCOME,
    bind,
    bound,
    column,
    error,
    frame,
    goaway,
    hello,
    hex_lines,
    listed,
    num,
    score_counts,
    score_head,
    u8,
    u16,
    welcome,
)

EVERY = LISTING | CANCELLING | TRACING
SIGNATURES = {"small": (SMALL, 4, 3), "no-columns": ([], 0, 1)}


class Transcript:
    """One connection. `client` and `server` add a frame, `fact` what happens at the server."""

    def __init__(self, slug: str, what: str) -> None:
        self.path = FOLDER / "transcripts" / f"{slug}.txt"
        self.lines = [f"# {what}"]

    def fact(self, words: str) -> None:
        self.lines += ["", f"= {words}"]

    def client(self, name: str, parts: list) -> None:
        self.lines += ["", f"> {name}", *hex_lines(parts)]

    def server(self, name: str, parts: list) -> None:
        self.lines += ["", f"< {name}", *hex_lines(parts)]

    def end(self) -> None:
        self.path.parent.mkdir(exist_ok=True)
        self.path.write_text("\n".join(self.lines) + "\n", encoding="utf-8")

    def closed(self) -> None:
        self.fact("closes")
        self.end()

    # The frames that most transcripts need.

    def greet(self, asked=EVERY, granted=EVERY, **limits: int) -> None:
        self.client("HELLO", frame(HELLO, hello(capabilities=asked), 1))
        self.server("WELCOME", frame(WELCOME, welcome(capabilities=granted, **limits), 1))

    def serves(self, version: int, signature="small", alias="coupon/production") -> None:
        self.fact(f"serves {alias} {version} bound-{signature}")

    def bind(self, id, handle=None, version=1, signature="small", exactly=0, name="coupon") -> None:
        """BIND, and BOUND unless `handle` is None."""
        body = bind(name, "" if exactly else "production", exactly)
        self.client("BIND", frame(BIND, body, id))
        if handle is not None:
            self.bound(id, handle, version, signature)

    def bound(self, id, handle, version=1, signature="small") -> None:
        columns, events, coupons = SIGNATURES[signature]
        body = bound(
            columns, events_max=events, coupons_max=coupons, handle=handle, version=version
        )
        self.server("BOUND", frame(BOUND, body, id))

    def score(self, id, handle=0, signature="small", coupons=1, **head) -> None:
        body = score_head([[0, 0, coupons]], handle=handle, **head)
        if signature == "small":
            body += [*column(1), *column(0x87, *["milk"] * coupons, counts=[1] * coupons)]
        self.client("SCORE", frame(SCORE, body, id))

    def scores(self, id, version=1) -> None:
        body = [*score_counts(1, [(version, 0)]), num("f", 0.5, "redeem")]
        self.server("SCORES", frame(SCORES, body, id))

    def error(self, name: str, id: int, *args, **fields) -> None:
        self.server(f"ERROR {name}", frame(ERROR, error(*args, **fields), id))

    def ping(self, id) -> None:
        """Shows that the connection is still open and that nothing else was answered before."""
        self.client("PING", frame(PING, [(b"ping", "bytes")], id))
        self.server("PONG", frame(PONG, [(b"ping", "bytes")], id))


def greetings() -> None:
    it = Transcript("greeting", "HELLO, WELCOME, PING, PONG")
    it.greet()
    it.ping(2)
    it.end()

    it = Transcript("unknown-capability", "a capability that the server does not know: not granted")
    it.greet(asked=1 << 63 | LISTING, granted=LISTING)
    it.ping(2)
    it.end()

    it = Transcript("pipelined", "BIND, SCORE and PING behind HELLO: served after WELCOME")
    it.serves(1)
    it.client("HELLO", frame(HELLO, hello(), 1))
    it.client("BIND", frame(BIND, bind("coupon", "production"), 2))
    it.score(3, handle=700)
    it.client("PING", frame(PING, [], 4))
    it.server("WELCOME", frame(WELCOME, welcome(), 1))
    it.bound(2, 0)
    it.error("UNKNOWN_HANDLE", 3, 7, offset=0, retry=AFTER_BINDING)
    it.server("PONG", frame(PONG, [], 4))
    it.score(5)
    it.scores(5)
    it.end()

    it = Transcript("no-common-version", "a client that speaks only versions 2 and 3")
    it.client("HELLO", frame(HELLO, hello(2, 3), 1))
    it.error("UNSUPPORTED_PROTOCOL", 1, 3, offset=8)
    it.closed()

    it = Transcript("wrong-credential", "what is behind a HELLO that is refused is not answered")
    it.fact("wants the credential 736563726574")
    it.client("HELLO", frame(HELLO, hello(credential=b"guess"), 1))
    it.client("PING", frame(PING, [], 2))
    it.error("UNAUTHENTICATED", 1, 4)
    it.closed()


def refused_frames() -> None:
    """Refused on the header, so with the id 0, and before the body: it is not sent."""
    ping = frame(PING, [(b"ping", "bytes")], 2)
    second = frame(HELLO, hello(), 2)
    scores = frame(SCORES, [*score_counts(1), num("f", 0.5, "redeem")], 2)
    ask = frame(LIST, [u8(0, "object_kind"), u16(0, "first")], 2)
    unknown = frame(0x7F, [(b"body", "bytes")], 2)
    header = 6
    for slug, what, first, name, parts, code in (
        ("first-frame", "PING as first frame", True, "PING", ping, "EXPECTED_HELLO"),
        ("first-direction", "SCORES as first frame", True, "SCORES", scores, "BAD_FRAME"),
        ("first-unknown", "an unknown kind as first frame", True, "0x7F", unknown, "BAD_FRAME"),
        ("second-hello", "a second HELLO", False, "HELLO", second, "EXPECTED_HELLO"),
        ("wrong-direction", "a client sends SCORES", False, "SCORES", scores, "BAD_FRAME"),
        ("unknown-kind", "an unknown kind", False, "0x7F", unknown, "BAD_FRAME"),
        ("ungranted-capability", "LIST without listing", False, "LIST", ask, "BAD_FRAME"),
    ):
        it = Transcript(slug, f"{what}: refused on the header, whose body does not come")
        if not first:
            it.greet(asked=0, granted=0)
        it.client(name, parts[:header])
        known = {"EXPECTED_HELLO": (5, NEVER), "BAD_FRAME": (2, HERE)}[code]
        it.error(code, 0, known[0], retry=known[1])
        it.closed()

    it = Transcript("damaged", "a wrong checksum: the id is not to be trusted either")
    it.greet()
    it.client("PING", frame(PING, [(b"ping", "bytes")], 2, crc_xor=1))
    it.error("BAD_FRAME", 0, 2, retry=HERE)
    it.closed()

    it = Transcript("ungranted-trace", "a trace context without tracing: a fault of the body only")
    it.serves(1)
    it.greet(asked=0, granted=0)
    it.bind(2, 0)
    it.score(3, trace=bytes(range(1, 26)))
    it.error("MALFORMED", 3, 1, offset=8)
    it.ping(4)
    it.end()


def handles() -> None:
    it = Transcript("refused-bind", "what is not served: the connection stays")
    it.serves(1)
    it.greet()
    it.bind(2, name="cupon")
    it.error("UNKNOWN_OBJECT", 2, 6)
    it.bind(3, exactly=9)
    it.error("UNKNOWN_OBJECT", 3, 6)
    it.client("BIND", frame(BIND, bind("coupon", "production", kind=200), 4))
    it.error("UNKNOWN_OBJECT", 4, 6, offset=0)
    it.bind(5, 0)
    it.end()

    it = Transcript("promotion", "a version with the same signature takes over: nothing to bind")
    it.serves(1)
    it.greet()
    it.bind(2, 0)
    it.score(3)
    it.scores(3)
    it.serves(2)
    it.score(4)
    it.scores(4, version=2)
    it.bind(5, 0, version=2)
    it.end()

    it = Transcript("rebind", "a version with another signature takes over, and goes again")
    it.serves(1)
    it.greet()
    it.bind(2, 0)
    it.serves(2, "no-columns")
    it.score(3)
    it.error("REBIND_REQUIRED", 3, 12, retry=AFTER_BINDING)
    it.bind(4, 1, version=2, signature="no-columns")
    it.score(5, handle=1, signature="no-columns")
    it.scores(5, version=2)
    it.score(6)
    it.error("REBIND_REQUIRED", 6, 12, retry=AFTER_BINDING)
    it.end()

    it = Transcript("version-gone", "an exact version goes and comes back with its handle")
    it.serves(1)
    it.greet()
    it.bind(2, 0, exactly=1)
    it.serves(2)
    it.score(3)
    it.error("VERSION_GONE", 3, 17, retry=HERE, wait=1_000_000)
    it.serves(1)
    it.score(4)
    it.scores(4)
    it.end()

    it = Transcript("unbind", "a number that was given back is not given out again")
    it.serves(1)
    it.greet()
    it.bind(2, 0)
    it.fact("holds")
    it.score(3)
    it.client("UNBIND", frame(UNBIND, [u16(0, "handle")], 4))
    it.server("UNBOUND", frame(UNBOUND, [], 4))
    it.score(5)
    it.error("UNKNOWN_HANDLE", 5, 7, offset=0, retry=AFTER_BINDING)
    it.client("UNBIND", frame(UNBIND, [u16(0, "handle")], 6))
    it.error("UNKNOWN_HANDLE", 6, 7, offset=0, retry=AFTER_BINDING)
    it.fact("computes")
    it.scores(3)
    it.bind(7, 1)
    it.end()

    it = Transcript("handles-max", "one handle at a time")
    it.serves(1)
    it.serves(1, "no-columns", "price/production")
    it.fact("limits handles_max=1")
    it.greet(handles=1)
    it.bind(2, 0)
    it.bind(3, name="price")
    it.error("LIMIT", 3, 8)
    it.bind(4, 0)
    it.client("UNBIND", frame(UNBIND, [u16(0, "handle")], 5))
    it.server("UNBOUND", frame(UNBOUND, [], 5))
    it.bind(6, 1, name="price", signature="no-columns")
    it.end()


def work() -> None:
    it = Transcript("refused-score", "a body that is refused does not end the connection")
    it.serves(1)
    it.greet()
    it.bind(2, 0)
    it.score(3, coupons=4)
    it.error("LIMIT", 3, 8, offset=20)
    it.client("SCORE", frame(SCORE, [*score_head([[0, 0, 1]], handle=0), *column(7)], 4))
    it.error("BAD_VALUE", 4, 9, column=0, offset=22)
    it.score(5)
    it.scores(5)
    it.end()

    it = Transcript("retry", "a full queue: the same frame again after the time that ERROR names")
    it.serves(1)
    it.greet()
    it.bind(2, 0)
    it.fact("is full 1500")
    it.score(3)
    it.error("OVERLOADED", 3, 10, retry=HERE, wait=1500)
    it.fact("is free")
    it.score(4)
    it.scores(4)
    it.end()

    it = Transcript("in-flight-max", "one SCORE at a time: the second has to wait for an answer")
    it.serves(1)
    it.fact("limits in_flight_max=1")
    it.greet(in_flight=1)
    it.bind(2, 0)
    it.fact("holds")
    it.score(3)
    it.score(4)
    it.error("TOO_MANY_IN_FLIGHT", 4, 14, retry=HERE)
    it.fact("computes")
    it.scores(3)
    it.score(4)
    it.fact("computes")
    it.scores(4)
    it.end()

    it = Transcript("cancel", "CANCEL of a SCORE that waits, of one that is answered, of none")
    it.serves(1)
    it.greet()
    it.bind(2, 0)
    it.fact("holds")
    it.score(3)
    it.client("CANCEL", frame(CANCEL, [], 3))
    it.error("CANCELLED", 3, 18)
    it.client("CANCEL", frame(CANCEL, [], 3))
    it.client("CANCEL", frame(CANCEL, [], 99))
    it.ping(4)
    it.score(5)
    it.fact("computes")
    it.scores(5)
    it.client("CANCEL", frame(CANCEL, [], 5))
    it.ping(6)
    it.end()

    it = Transcript("cancel-in-flight", "what was cancelled is answered, so it counts no longer")
    it.serves(1)
    it.fact("limits in_flight_max=1")
    it.greet(in_flight=1)
    it.bind(2, 0)
    it.fact("holds")
    it.score(3)
    it.client("CANCEL", frame(CANCEL, [], 3))
    it.error("CANCELLED", 3, 18)
    it.score(4)
    it.score(5)
    it.error("TOO_MANY_IN_FLIGHT", 5, 14, retry=HERE)
    it.fact("computes")
    it.scores(4)
    it.end()

    it = Transcript("list", "what is served, and from an entry on that there is not")
    it.serves(42)
    it.greet()
    it.client("LIST", frame(LIST, [u8(0, "object_kind"), u16(0, "first")], 2))
    entry = (1, 0, 42, 42, "coupon", "production", "")
    it.server("LISTED", frame(LISTED, listed(1, 0, [entry]), 2))
    it.client("LIST", frame(LIST, [u8(0, "object_kind"), u16(9, "first")], 3))
    it.server("LISTED", frame(LISTED, listed(1, 9, []), 3))
    it.client("LIST", frame(LIST, [u8(200, "object_kind"), u16(0, "first")], 4))
    it.server("LISTED", frame(LISTED, listed(0, 0, []), 4))
    it.end()

    it = Transcript("drain", "what was accepted is answered, new work belongs elsewhere")
    it.serves(1)
    it.greet()
    it.bind(2, 0)
    it.fact("holds")
    it.score(3)
    it.fact("drains")
    it.server("GOAWAY", frame(GOAWAY, goaway(13, ELSEWHERE), 0))
    it.score(4)
    it.error("DRAINING", 4, 13, retry=ELSEWHERE)
    it.bind(5)
    it.error("DRAINING", 5, 13, retry=ELSEWHERE)
    it.ping(6)
    it.fact("computes")
    it.scores(3)
    it.closed()

    it = Transcript("drain-hello", "a HELLO that comes while the server drains")
    it.fact("drains")
    it.client("HELLO", frame(HELLO, hello(), 1))
    it.error("DRAINING", 1, 13, retry=ELSEWHERE)
    it.closed()
