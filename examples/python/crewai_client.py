"""CrewAI with an edgemem server, by two tools over mem0's client. CrewAI itself has no code for mem0 any more.

pip install crewai mem0ai, an edgemem server, and MEM0_HOST and MEM0_API_KEY for it. The model is a script, so that this runs without
a key; name yours in its place.
"""

import json
import os

os.environ.setdefault("CREWAI_DISABLE_TELEMETRY", "true")
os.environ.setdefault("OTEL_SDK_DISABLED", "true")

from crewai import Agent, BaseLLM, Crew, Task
from crewai.tools import tool
from mem0 import MemoryClient

client = MemoryClient(api_key=os.environ["MEM0_API_KEY"], host=os.environ["MEM0_HOST"])


@tool("add_memory")
def add_memory(memory: str) -> str:
    """Remembers one sentence for later conversations."""
    client.add([{"role": "user", "content": memory}], user_id="alice")
    return "remembered"


@tool("search_memories")
def search_memories(query: str) -> str:
    """Searches what is remembered of the user."""
    return json.dumps([one["memory"] for one in client.search(query, filters={"user_id": "alice"})["results"]])


class Scripted(BaseLLM):
    """Remembers, recalls, and answers with what its last tool returned."""

    steps: list = [
        ("add_memory", {"memory": "My brother breeds alpacas."}),
        ("search_memories", {"query": "Which animals does the brother breed?"}),
    ]

    def call(self, messages, *args, **kwargs):
        if self.steps:
            name, given = self.steps.pop(0)
            return f"Thought: I use my memory.\nAction: {name}\nAction Input: {json.dumps(given)}"
        observed = next(str(one["content"]) for one in reversed(messages) if "search_memories" in str(one["content"]))
        return "Thought: I know.\nFinal Answer: " + observed.split("Observation:")[-1].strip()


keeper = Agent(
    role="Keeper",
    goal="Know the user.",
    backstory="You keep notes.",
    llm=Scripted(model="scripted"),
    tools=[add_memory, search_memories],
)
task = Task(description="Which animals are my brother's?", expected_output="A sentence.", agent=keeper)
print(Crew(agents=[keeper], tasks=[task]).kickoff().raw)
