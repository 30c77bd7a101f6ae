"""LangGraph with an edgemem server, over MCP.

pip install langgraph langchain-mcp-adapters, an edgemem server, and EDGEMEM_URL (http://localhost:8787/mcp) and EDGEMEM_TOKEN for it. The
user is fixed by the address, where a model has no say. It needs no model.
"""

import asyncio
import os
from typing import TypedDict

from langchain_mcp_adapters.client import MultiServerMCPClient
from langgraph.graph import END, START, StateGraph


class State(TypedDict, total=False):
    said: str
    known: str


async def main():
    server = {
        "transport": "streamable_http",
        "url": os.environ["EDGEMEM_URL"] + "?user_id=alice",
        "headers": {"Authorization": "Bearer " + os.environ["EDGEMEM_TOKEN"]},
    }
    tools = {tool.name: tool for tool in await MultiServerMCPClient({"memory": server}).get_tools()}

    async def recall(state: State) -> State:
        return {"known": str(await tools["context"].ainvoke({"query": state["said"]}))}

    async def remember(state: State) -> State:
        await tools["add_memory"].ainvoke({"text": state["said"]})
        return {}

    graph = StateGraph(State)
    graph.add_node("recall", recall)
    graph.add_node("remember", remember)
    graph.add_edge(START, "recall")
    graph.add_edge("recall", "remember")
    graph.add_edge("remember", END)
    app = graph.compile()
    await app.ainvoke({"said": "My brother breeds alpacas."})
    print((await app.ainvoke({"said": "Which animals does my brother breed?"}))["known"])


asyncio.run(main())
