"""Makes the vectors of this folder: `python3 make.py`. Needs libzstd; shares no code."""

import ctypes
import ctypes.util
import hashlib
import json
import struct
from pathlib import Path

HERE = Path(__file__).parent
ZSTD = ctypes.CDLL(ctypes.util.find_library("zstd") or "libzstd.so.1")
for name in ("ZSTD_compressBound", "ZSTD_compress"):
    getattr(ZSTD, name).restype = ctypes.c_size_t


def compress(raw: bytes) -> bytes:
    bound = ZSTD.ZSTD_compressBound(ctypes.c_size_t(len(raw)))
    out = ctypes.create_string_buffer(bound)
    size = ZSTD.ZSTD_compress(out, ctypes.c_size_t(bound), raw, ctypes.c_size_t(len(raw)), 3)
    return out.raw[:size]


def canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def store(raw: bytes) -> dict[str, object]:
    frame = compress(raw)
    (HERE / "valid" / (digest(frame)[7:] + ".zst")).write_bytes(frame)
    return {"digest": digest(frame), "stored_bytes": len(frame), "raw_bytes": len(raw)}


DESCRIPTION = {
    "format": 1,
    "name": "tiny",
    "limits": {"events": 4, "coupons": 2},
    "inputs": [
        {"name": "spend", "axis": "user", "kind": "number"},
        {"name": "face", "axis": "coupon", "kind": "number"},
    ],
    "nodes": [
        {"name": "both", "op": "concat", "inputs": ["spend", "face"]},
        {"name": "logit", "op": "linear", "inputs": ["both"], "units": 1},
        {"name": "redeem", "op": "sigmoid", "inputs": ["logit"]},
    ],
    "outputs": ["redeem"],
}
VALUES, SCALES, BIAS = [127, -64], [0.0078125], [0.25]


def make_valid() -> None:
    weight = struct.pack("<2b", *VALUES) + struct.pack("<1f", *SCALES)
    manifest = {
        "format": 2,
        "kind": "model",
        "precision": "int8",
        "description": store(json.dumps(DESCRIPTION, indent=1).encode()),
        "tensors": [
            {
                "name": "logit.weight",
                "dtype": "int8",
                "shape": [1, 2],
                "blob": store(weight),
                "quantisation": {"max_absolute_error": 0.0, "relative_rms_error": 0.0},
            },
            {
                "name": "logit.bias",
                "dtype": "float32",
                "shape": [1],
                "blob": store(struct.pack("<1f", *BIAS)),
            },
        ],
        "metrics": {"auc": 0.75},
        "sources": {"description": digest(b"model.json"), "weights": digest(b"weights")},
    }
    (HERE / "valid" / "manifest.json").write_bytes(canonical(manifest))
    expected = {"values": VALUES, "scales": SCALES, "bias": BIAS}
    (HERE / "valid" / "expected.json").write_bytes(canonical(expected) + b"\n")


def make_invalid() -> None:
    raw = bytes(range(200)) * 4
    frame = compress(raw)
    # Magic, then a descriptor that says: 8 bytes of content size, single segment, no dictionary.
    bomb = bytes.fromhex("28b52ffde0") + struct.pack("<Q", 1 << 40) + bytes.fromhex("010000")
    unsized = bytes.fromhex("28b52ffd0058") + bytes.fromhex("010000")
    flipped = bytearray(frame)
    flipped[len(frame) // 2] ^= 0x10
    cases = [
        ("flipped", bytes(flipped), digest(frame), len(frame), len(raw), "another digest"),
        ("cut", frame[:-1], digest(frame), len(frame), len(raw), "bytes where"),
        ("cut-frame", frame[:-1], None, None, len(raw), "cut short"),
        ("trailing", frame + b"\0", None, None, len(raw), "follow the frame"),
        ("two-frames", frame + frame, None, None, len(raw), "follow the frame"),
        ("claims-too-much", bomb, None, None, len(raw), "claims 1099511627776"),
        ("no-size", unsized, None, None, len(raw), "content size"),
        ("other-size", frame, None, None, len(raw) - 4, "claims 800"),
        ("not-zstd", raw, None, None, len(raw), "zstd frame"),
        ("empty", b"", None, None, len(raw), "zstd frame"),
    ]
    listed = []
    for name, stored, key, size, raw_bytes, because in cases:
        (HERE / "invalid" / f"{name}.zst").write_bytes(stored)
        blob = {
            "digest": key or digest(stored),
            "stored_bytes": len(stored) if size is None else size,
            "raw_bytes": raw_bytes,
        }
        listed.append({"file": f"{name}.zst", "blob": blob, "because": because})
    (HERE / "invalid" / "cases.json").write_text(json.dumps(listed, indent=1) + "\n")


if __name__ == "__main__":
    for folder in ("valid", "invalid"):
        (HERE / folder).mkdir(exist_ok=True)
        for old in (HERE / folder).iterdir():
            old.unlink()
    make_valid()
    make_invalid()
