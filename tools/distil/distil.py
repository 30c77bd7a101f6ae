"""Distils the token table from the teacher and writes it in the format of docs/format-tokens.md.

    python tools/distil/distil.py --wordnet DIR                        # assets/tokens/edgemem-tokens.bin
    python tools/distil/distil.py --wordnet DIR --dims 256 --out FILE  # another size, for measurements

It begins as model2vec (Minish Lab) does, with the teacher's vector of every piece, weighted by smooth inverse
frequency. Then the rows are fitted to whole texts and turned into few dimensions (`fit.py`), which at 64 of them
finds a quarter more. It takes some minutes; the teacher's vectors are kept with `--cache`.
"""

import os

# Before numpy is loaded: with one thread sums are added up in one order, and the bytes come out the same.
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import argparse
import hashlib
import struct
import zlib
from pathlib import Path

import numpy as np

import corpus
import fit
import teacher

DEFAULT = Path(__file__).resolve().parents[2] / "assets/tokens/edgemem-tokens.bin"
SIF = 1e-4
TEXTS = 24_000


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--wordnet", type=Path, required=True, help="the folder `dict` of WordNet 3.1, see corpus.py")
    options.add_argument("--dims", type=int, default=64)
    options.add_argument("--bits", type=int, default=8, help="levels that the codes are rounded to; stored as bytes")
    options.add_argument("--out", type=Path, default=DEFAULT)
    options.add_argument("--name", default=None)
    options.add_argument("--cache", type=Path, help="a file for the teacher's vectors")
    options = options.parse_args()

    pieces = teacher.vocabulary()[teacher.FIRST :]
    texts = pieces_of(corpus.texts(options.wordnet, TEXTS))
    alone, whole = teacher_vectors(texts, options.cache)
    start = unit(alone - alone.mean(0)) * frequency_weights(len(pieces))[:, None]
    counted = fit.counts(texts, len(pieces))
    rows = fit.fit(start.astype(np.float32), counted, unit(whole))
    rows = fit.project(rows, counted, options.dims)
    # A row's length is what its piece weighs. The largest weight is 1: only their proportions matter.
    weights = np.linalg.norm(rows, axis=1)
    name = options.name or f"edgemem/minilm-l6-{options.dims}" + (f"-int{options.bits}" if options.bits != 8 else "")
    table = encode(name, pieces, quantise(rows, options.bits), weights / weights.max())
    options.out.write_bytes(table)
    print(f"{options.out}: {len(table):,} bytes, {len(pieces)} rows, sha256 {hashlib.sha256(table).hexdigest()}")


def pieces_of(texts: list[str]) -> list[list[int]]:
    """Texts as rows of the table; those with none are left out."""
    ids = (encoding.ids for encoding in teacher.tokenizer().encode_batch(texts))
    known = ([at - teacher.FIRST for at in text if at >= teacher.FIRST] for text in ids)
    return [text for text in known if text]


def teacher_vectors(texts: list[list[int]], cache: Path | None) -> tuple[np.ndarray, np.ndarray]:
    """The teacher's vectors of every piece and of every text."""
    if cache and cache.exists():
        with np.load(cache) as kept:
            return kept["alone"], kept["whole"]
    alone = teacher.piece_vectors()
    whole = teacher.vectors_of([[piece + teacher.FIRST for piece in text] for text in texts])
    if cache:
        np.savez(cache, alone=alone, whole=whole)
    return alone, whole


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


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
