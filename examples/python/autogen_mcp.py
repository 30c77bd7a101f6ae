"""AutoGen with an edgemem server, over MCP.

AutoGen's own class for mem0 does not work with mem0's clients of today and has no host, so this is the way.
pip install autogen-agentchat "autogen-ext[mcp]" "mcp<2", an edgemem server, and EDGEMEM_URL (http://localhost:8787/mcp) and EDGEMEM_TOKEN for it.
The model is a script, so that this runs without a key; put your client in its place.
"""

import asyncio
import json
import os

from autogen_agentchat.agents import AssistantAgent
from autogen_core import FunctionCall
from autogen_core.models import CreateResult, ModelFamily, RequestUsage
from autogen_ext.models.replay import ReplayChatCompletionClient
from autogen_ext.tools.mcp import McpWorkbench, StreamableHttpServerParams


def calls(name, **arguments):
    call = FunctionCall(id=name, name=name, arguments=json.dumps(arguments))
    usage = RequestUsage(prompt_tokens=0, completion_tokens=0)
    return CreateResult(finish_reason="function_calls", content=[call], usage=usage, cached=False)


async def main():
    server = StreamableHttpServerParams(
        url=os.environ["EDGEMEM_URL"] + "?user_id=alice",
        headers={"Authorization": "Bearer " + os.environ["EDGEMEM_TOKEN"]},
    )
    model = ReplayChatCompletionClient(
        [
            calls("add_memory", text="My brother breeds alpacas."),
            calls("search_memories", query="Which animals does the brother breed?"),
        ],
        model_info={
            "vision": False,
            "function_calling": True,
            "json_output": False,
            "structured_output": False,
            "family": ModelFamily.UNKNOWN,
        },
    )
    # Or: AssistantAgent(…, tools=await mcp_server_tools(server)).
    async with McpWorkbench(server) as memory:
        agent = AssistantAgent("helper", model_client=model, workbench=memory)
        await agent.run(task="My brother breeds alpacas.")
        result = await agent.run(task="Which animals does my brother breed?")
        print(result.messages[-1].content)


asyncio.run(main())
