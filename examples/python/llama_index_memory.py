"""LlamaIndex with an edgemem server, through its own memory for mem0.

pip install llama-index-core llama-index-memory-mem0, an edgemem server, and MEM0_HOST and MEM0_API_KEY for it. The model answers
with what it is told, so that this runs without a key; put yours in its place.
"""

import os

from llama_index.core.chat_engine import SimpleChatEngine
from llama_index.core.llms import MockLLM
from llama_index.core.memory import Memory
from llama_index.memory.mem0 import Mem0Memory
from mem0 import MemoryClient

# Mem0Memory.from_client gives mem0's client an argument that it no longer has, so the client is made here.
client = MemoryClient(api_key=os.environ["MEM0_API_KEY"], host=os.environ["MEM0_HOST"])


def conversation():
    """A chat that knows what earlier ones said."""
    memory = Mem0Memory(primary_memory=Memory.from_defaults(), context={"user_id": "alice"}, client=client)
    return SimpleChatEngine.from_defaults(llm=MockLLM(), memory=memory)


conversation().chat("My brother breeds alpacas.")
print(conversation().chat("Which animals does my brother breed?").response)
