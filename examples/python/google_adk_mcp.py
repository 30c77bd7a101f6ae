"""Google's Agent Development Kit with an edgemem server, over MCP.

pip install google-adk, an edgemem server, and EDGEMEM_URL (http://localhost:8787/mcp) and EDGEMEM_TOKEN for it. The model is a script, so
that this runs without a key; name yours in its place.
"""

import asyncio
import os

from google.adk.agents import LlmAgent
from google.adk.models import BaseLlm, LlmResponse
from google.adk.runners import InMemoryRunner
from google.adk.tools.mcp_tool import McpToolset, StreamableHTTPConnectionParams
from google.genai import types


def calls(name, **arguments):
    return types.Part(function_call=types.FunctionCall(name=name, args=arguments))


class Scripted(BaseLlm):
    """Answers one after the other, and in the end with what its last tool returned."""

    answers: list = []

    async def generate_content_async(self, llm_request, stream=False):
        part = self.answers.pop(0) if self.answers else types.Part(text=str(llm_request.contents[-1].parts[-1].function_response.response))
        yield LlmResponse(content=types.Content(role="model", parts=[part]))


async def main():
    server = StreamableHTTPConnectionParams(
        url=os.environ["EDGEMEM_URL"] + "?user_id=alice",
        headers={"Authorization": "Bearer " + os.environ["EDGEMEM_TOKEN"]},
    )
    tools = McpToolset(connection_params=server)
    answers = [calls("add_memory", text="My brother breeds alpacas."), calls("search_memories", query="Which animals does the brother breed?")]
    agent = LlmAgent(name="keeper", model=Scripted(model="scripted", answers=answers), tools=[tools])
    runner = InMemoryRunner(agent=agent, app_name="zoo")
    session = await runner.session_service.create_session(app_name="zoo", user_id="alice")
    message = types.Content(role="user", parts=[types.Part(text="My brother breeds alpacas. Which animals are his?")])
    async for event in runner.run_async(user_id="alice", session_id=session.id, new_message=message):
        for part in event.content.parts if event.content else []:
            if part.text:
                print(part.text)
    await tools.close()


asyncio.run(main())
