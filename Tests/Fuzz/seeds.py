"""Seeds of the fuzzers, made from the vectors and samples that lie in the repository anyway.

`python3 seeds.py DIR` writes DIR/TARGET/NAME; the layouts are those that Sources/fuzz/*.swift say.
"""

import struct
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
HEADER_BYTES = 20
SCORE = 0x03
# In the order of FrameKind.
KINDS = (1, 2, SCORE, 4, 5, 6, 7, 0x81, 0x82, 0x83, 0x84, 0x85, 0x87, 0xFE, 0xFF)
SEED_BYTES_MAX = 8192


def vector(path: Path) -> tuple[bytes, dict[str, str]]:
    """The frame of a file of Protocol/vectors, and what its comments say."""
    comments: dict[str, str] = {}
    digits = ""
    for line in path.read_text().splitlines():
        if line.startswith("# ") and ": " in line:
            key, value = line[2:].split(": ", 1)
            comments[key] = value
        digits += line.split("#")[0].strip()
    return bytes.fromhex(digits), comments


def block(content: bytes) -> bytes:
    return struct.pack("<H", len(content)) + content


def frame_seeds(vectors: Path):
    for path in sorted(vectors.glob("*alid/*.hex")):
        frame, comments = vector(path)
        if len(frame) < HEADER_BYTES or frame[4] not in KINDS:
            continue
        kind, body = frame[4], frame[HEADER_BYTES:]
        # The target makes the header, with its checksum.
        yield "stream", path.stem, bytes([0, KINDS.index(kind), 1]) + block(body)
        if kind == SCORE:
            if "signature" not in comments:
                continue
            bound, _ = vector(vectors / comments["signature"])
            body = block(bound[HEADER_BYTES:]) + body
        yield "frames", path.stem, bytes([kind]) + body


def connection_seeds():
    hello = bytes([0, 0, 1, 7, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1])
    bind, score = bytes([0, 1, 1, 0, 1, 1]), bytes([0, 2, 0, 1, 1, 1])
    yield "server", "score", b"\x00" + hello + bind + score + bytes([8, 9]) + score + bytes([10, 8])
    yield "server", "silent", b"\x01" + bytes([7, 255, 255, 255, 255, 7])
    ready = bytes([0, 1, 0, 7, 4])
    yield "client", "score", ready + bytes([4, 1, 9, 11, 1, 0, 2, 0, 2, 0, 9, 11, 1, 0, 0])
    yield "client", "expire", ready + bytes([2, 0, 1, 7, 255, 255, 255, 255, 7, 9, 6, 5, 1])


def model_seeds():
    for path in sorted(REPOSITORY.glob("Registry/samples/*/model.json")):
        yield "model", path.parent.name, path.read_bytes()
    for path in sorted(REPOSITORY.glob("Tests/InferenceTests/golden/*")):
        for name in ("model.json", "weights.safetensors"):
            if (path / name).exists():
                target = "model" if name == "model.json" else "safetensors"
                yield target, path.name, (path / name).read_bytes()


def text_seeds():
    texts = [
        '{"a":[1,-0.5e-3,true,null,"\\u00e9\\ud83d\\ude00"],"b":{}}',
        '"text"',
        "[]",
        '{"a":1,"a":2}',
    ]
    for index, text in enumerate(texts):
        yield "json", f"{index}", text.encode()
    for text in (
        "0",
        "-0",
        "18446744073709551615",
        "-9223372036854775808",
        "1e308",
        "2.5E-324",
        "01",
        "1.",
    ):
        yield "numbers", text, text.encode()


def record_seeds():
    digest = "sha256:" + "0123456789abcdef" * 4
    target = f'{{"manifest":"{digest}","version":1}}'
    records = [
        (REPOSITORY / "Registry/vectors/valid/manifest.json").read_text(),
        f'{{"content":"{digest}","created":"2026-11-28T07:21:56.239Z",'
        f'"manifest":"{digest}","note":"day 1"}}',
        f'{{"history":[{target}],"since":"2026-11-28T07:21:56.618Z","target":{target},"later":[1]}}',
        f'{{"action":"promote","alias":"production","kind":"model","object":"tiny","sequence":7,"to":{target},'
        f'"when":"2026-11-28T07:21:56.567Z","who":"deploy","why":"auc"}}',
        '{"removed":"2026-11-28T07:21:56.618Z"}',
        "model\0tiny\0production",
        digest,
    ]
    for choice, text in enumerate(records):
        yield "records", f"{choice}", bytes([choice]) + text.encode()
    yield "records", "key", bytes([5]) + b"model\0tiny\0\0\0\0\1"
    for path in sorted(REPOSITORY.glob("Registry/vectors/*valid/*.zst")):
        yield "records", path.stem, bytes([7]) + struct.pack("<I", 8) + path.read_bytes()
    frames = b"".join(
        path.read_bytes() for path in REPOSITORY.glob("Registry/samples/lstm/warmup.frames")
    )
    for choice in (8, 9):
        yield "records", f"frames-{choice}", bytes([choice]) + frames


def migration_seeds():
    blob = '{"digest":"\0","raw_bytes":2,"stored_bytes":11}'
    manifest = (
        f'{{"created":"","description":{blob},"format":1,"metrics":{{"auc":0.5}},"model":"tiny",'
        f'"precision":"int8","sources":{{"description":"\0","weights":"\0"}},"tensors":[]}}'
    )
    alias = '{"history":[1],"manifest":"\0","since":"","version":1}'
    audit = (
        '{"action":"promote","alias":"a","model":"tiny","sequence":1,"to":1,"when":"","who":"a"}'
    )

    def entry(table: int, key: bytes, value: str) -> bytes:
        return bytes([table, len(key)]) + key + block(value.encode())

    program = b"\x00" + block(b"{}") + b"\x01" + block(manifest.encode())
    program += entry(2, b"tiny\0\0\0\0\x01", '{"content":"\1","manifest":"\0"}')
    program += entry(3, b"tiny\0a", alias) + entry(4, b"\0\0\0\0\0\0\0\x01", audit)
    yield "migration", "tiny", program


def main(folder: Path) -> None:
    sources = (
        frame_seeds(REPOSITORY / "Protocol/vectors"),
        connection_seeds(),
        model_seeds(),
        text_seeds(),
        record_seeds(),
        migration_seeds(),
    )
    for source in sources:
        for target, name, content in source:
            if len(content) <= SEED_BYTES_MAX:
                (folder / target).mkdir(parents=True, exist_ok=True)
                (folder / target / f"seed-{name}").write_bytes(content)


main(Path(sys.argv[1]))
