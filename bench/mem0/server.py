"""mem0's package behind FastAPI, for the benchmark of the service.

mem0's own server is not published as a package; it puts one `Memory` behind FastAPI, with functions that run in its pool
of threads, and so does this. Its store is the one that the package takes by itself, Qdrant in the process, which fails
where two threads write: so one request at a time gets to it. Vectors come from a server of OpenAI's protocol, which the
benchmark plays.
"""

import os
import socket
import sys
import threading

folder, embeddings = sys.argv[1:]
os.makedirs(folder, exist_ok=True)
os.environ.update({"MEM0_TELEMETRY": "False", "MEM0_DIR": folder, "ANONYMIZED_TELEMETRY": "False"})

import uvicorn  # noqa: E402
from fastapi import Body, FastAPI  # noqa: E402
from mem0 import Memory  # noqa: E402

DIMENSIONS = 256
service = {"api_key": "none", "openai_base_url": embeddings}
memory = Memory.from_config(
    {
        "vector_store": {
            "provider": "qdrant",
            "config": {"path": f"{folder}/qdrant", "embedding_model_dims": DIMENSIONS, "on_disk": True},
        },
        "embedder": {"provider": "openai", "config": {**service, "embedding_dims": DIMENSIONS}},
        # It wants one to be configured; with `infer: false` it is never asked.
        "llm": {"provider": "openai", "config": {**service, "model": "none"}},
        "history_db_path": f"{folder}/history.db",
    }
)
app = FastAPI()
alone = threading.Lock()


@app.post("/memories")
def add(messages=Body(), user_id: str = Body(), infer: bool = Body()):
    with alone:
        return memory.add(messages, user_id=user_id, infer=infer)


@app.post("/search")
def search(query: str = Body(), filters: dict = Body()):
    with alone:
        return memory.search(query, filters=filters)


listener = socket.create_server(("127.0.0.1", 0))
print(f"Listening on http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])
