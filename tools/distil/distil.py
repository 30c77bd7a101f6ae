"""Distils the token table from the teacher and writes it in the format of docs/format-tokens.md.

    python tools/distil/distil.py                        # assets/tokens/edgemem-tokens.bin
    python tools/distil/distil.py --dims 256 --out FILE  # another size, for measurements

The recipe is that of model2vec (Minish Lab): the teacher's vector of every piece, fewer dimensions by principal
components, and a mean weighted by smooth inverse frequency, which is guessed from the piece's rank.
"""

import argparse
import hashlib
import struct
import zlib
from pathlib import Path

import numpy as np

import teacher

DEFAULT = Path(__file__).resolve().parents[2] / "assets/tokens/edgemem-tokens.bin"
SIF = 1e-4


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--dims", type=int, default=64)
    options.add_argument("--bits", type=int, default=8, help="levels that the codes are rounded to; stored as bytes")
    options.add_argument("--out", type=Path, default=DEFAULT)
    options.add_argument("--name", default=None)
    options = options.parse_args()

    pieces = teacher.vocabulary()[teacher.FIRST :]
    rows = principal_components(teacher.piece_vectors(), options.dims)
    name = options.name or f"edgemem/minilm-l6-{options.dims}" + (f"-int{options.bits}" if options.bits != 8 else "")
    table = encode(name, pieces, quantise(rows, options.bits), frequency_weights(len(pieces)))
    options.out.write_bytes(table)
    print(f"{options.out}: {len(table):,} bytes, {len(pieces)} rows, sha256 {hashlib.sha256(table).hexdigest()}")


def principal_components(vectors: np.ndarray, dims: int) -> np.ndarray:
    centred = vectors - vectors.mean(0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    axes = axes[:, ::-1][:, :dims]
    # An axis may point either way; which one is settled by its largest part.
    axes = axes * np.sign(axes[np.abs(axes).argmax(0), np.arange(dims)])
    return centred @ axes


def frequency_weights(count: int) -> np.ndarray:
    """Smooth inverse frequency (Arora et al., 2017) over Zipf's law: the teacher's pieces are in order of frequency."""
    share = 1 / np.arange(2, count + 2)
    share /= share.sum()
    return SIF / (SIF + share)


def quantise(rows: np.ndarray, bits: int) -> np.ndarray:
    """The direction of every row: its largest component becomes the largest code."""
    largest = (1 << (bits - 1)) - 1
    return np.round(rows / np.abs(rows).max(1, keepdims=True) * largest).astype(np.int8)


def encode(name: str, pieces: list[str], codes: np.ndarray, weights: np.ndarray) -> bytes:
    shown = [piece.removeprefix("##").encode() for piece in pieces]
    lengths = bytes(len(text) | (0x80 if piece.startswith("##") else 0) for text, piece in zip(shown, pieces))
    assert all(0 < len(text) < 0x80 for text in shown) and len(name.encode()) < 0x80
    assert (0 < weights).all() and (weights <= 1).all()
    parts = [
        struct.pack("<4sIII", b"EDGT", 1, codes.shape[1], len(pieces)),
        bytes([len(name.encode())]),
        name.encode(),
        lengths,
        b"".join(shown),
        np.round(weights * 0xFFFF).astype("<u2").tobytes(),
        codes.tobytes(),
    ]
    body = b"".join(parts)
    return body + struct.pack("<I", zlib.crc32(body))


if __name__ == "__main__":
    main()
