"""Microsoft Agent Framework with an edgemem server, through the framework's own provider for mem0.

pip install agent-framework-core agent-framework-mem0, an edgemem server, and MEM0_HOST and MEM0_API_KEY for it. The model is
a script, so that this runs without a key; put your chat client in its place.
"""

import asyncio
import os

from agent_framework import Agent, BaseChatClient, ChatResponse, Message
from agent_framework_mem0 import Mem0ContextProvider
from mem0 import AsyncMemoryClient


class Scripted(BaseChatClient):
    async def _inner_get_response(self, *, messages, stream, options, **kwargs):
        told = " / ".join(message.text for message in messages)
        return ChatResponse(messages=[Message(role="assistant", contents=[f"I was told: {told}"])])


async def main():
    # The address is the client's: nothing else has to be changed.
    client = AsyncMemoryClient(api_key=os.environ["MEM0_API_KEY"], host=os.environ["MEM0_HOST"])
    # What is written and what is read are two scopes; without the second nothing is recalled.
    provider = Mem0ContextProvider(mem0_client=client, user_id="alice", search_user_id="alice")
    agent = Agent(client=Scripted(), instructions="Be brief.", context_providers=[provider])
    await agent.run("My brother breeds alpacas.")
    print((await agent.run("Which animals does my brother breed?")).text)


asyncio.run(main())
