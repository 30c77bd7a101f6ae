"""Fits the table's rows to whole texts, and turns them so that few dimensions say most.

A row that comes from the teacher's vector of a piece alone says little about the piece among others: how much it
matters, and which of its meanings is meant. So rows are moved until the weighted means of texts come near the
teacher's vectors of those texts, and no further than the texts demand: rows of pieces that never occur stay.
"""

import numpy as np
import scipy.sparse as sparse

PULL = 1.0
"""How strongly a row holds on to where it started, against one text that pulls."""

ROUNDS, STEPS = 2, 12


def counts(texts: list[list[int]], rows: int) -> sparse.csr_matrix:
    """How often each piece (row of the table) occurs in each text."""
    at = np.repeat(np.arange(len(texts)), [len(text) for text in texts])
    pieces = np.concatenate([np.array(text, int) for text in texts])
    return sparse.csr_matrix((np.ones(len(at), np.float32), (at, pieces)), shape=(len(texts), rows))


def fit(start: np.ndarray, counted: sparse.csr_matrix, wanted: np.ndarray) -> np.ndarray:
    """Rows whose sum over a text, scaled to length one, is near what is wanted: ridge regression around `start`."""
    rows = start
    for _ in range(ROUNDS):
        # Scaling to length one is not linear; the lengths are held during a round and taken anew for the next.
        lengths = np.linalg.norm(counted @ rows, axis=1)
        means = sparse.diags((1 / np.maximum(lengths, 1e-6)).astype(np.float32)) @ counted
        turned = means.T.tocsr()
        rows = conjugate_gradients(
            lambda rows: turned @ (means @ rows) + np.float32(PULL) * rows,
            turned @ wanted + np.float32(PULL) * start,
            rows,
        )
    return rows


def conjugate_gradients(apply, goal: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Solves for every column at once (Hestenes and Stiefel, 1952)."""
    rest = goal - apply(found)
    direction, size = rest, (rest * rest).sum(0)
    for _ in range(STEPS):
        applied = apply(direction)
        step = size / np.maximum((direction * applied).sum(0), 1e-20)
        found = found + step * direction
        rest = rest - step * applied
        before, size = size, (rest * rest).sum(0)
        direction = rest + direction * (size / np.maximum(before, 1e-20))
    return found


def project(rows: np.ndarray, counted: sparse.csr_matrix, dims: int) -> np.ndarray:
    """The dimensions that keep the most of what texts say. Those of single pieces are others, and worse."""
    texts = counted @ rows
    texts /= np.maximum(np.linalg.norm(texts, axis=1, keepdims=True), 1e-9)
    texts = texts.astype(np.float64)
    _, axes = np.linalg.eigh(texts.T @ texts)
    axes = axes[:, ::-1][:, :dims]
    # An axis may point either way; which one is settled by its largest part.
    axes = axes * np.sign(axes[np.abs(axes).argmax(0), np.arange(dims)])
    return rows @ axes
