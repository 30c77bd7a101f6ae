"""Goes through the script with the `mcp` package, 1.x or 2.x. Arguments: where, how, the steps as JSON.

Where is an address, or a command as a JSON list. How is `auto` or `legacy`, which only 2.x tells apart."""

import asyncio
import json
import sys
from contextlib import asynccontextmanager
from importlib.metadata import version

import mcp

IS_NEW = version("mcp").startswith("2.")


@asynccontextmanager
async def connected(where, how):
    command = json.loads(where) if where.startswith("[") else None
    parameters = command and mcp.StdioServerParameters(command=command[0], args=command[1:])
    if IS_NEW:
        async with mcp.Client(parameters or where, mode=how) as client:
            yield client, client.protocol_version
        return
    from mcp.client.stdio import stdio_client
    from mcp.client.streamable_http import streamablehttp_client

    async with (stdio_client(parameters) if parameters else streamablehttp_client(where)) as streams:
        async with mcp.ClientSession(streams[0], streams[1]) as session:
            initialized = await session.initialize()
            yield session, initialized.protocolVersion


def member(item, old, new):
    return getattr(item, new if IS_NEW else old)


async def take(client, step):
    what, name, given = step["do"], step.get("name"), step.get("arguments")
    if what == "tools":
        return [tool.name for tool in (await client.list_tools()).tools]
    if what == "call":
        result = await client.call_tool(name, given)
        assert len(result.content) == 1
        return {"text": result.content[0].text, "isError": bool(member(result, "isError", "is_error"))}
    if what == "resources":
        return [str(it.uri) for it in (await client.list_resources()).resources]
    if what == "templates":
        listed = await client.list_resource_templates()
        return [member(it, "uriTemplate", "uri_template") for it in member(listed, "resourceTemplates", "resource_templates")]
    if what == "read":
        return (await client.read_resource(step["uri"])).contents[0].text
    if what == "prompts":
        return [it.name for it in (await client.list_prompts()).prompts]
    return (await client.get_prompt(name, given)).messages[0].content.text


async def main(where, how, steps):
    outcomes, known = [], None
    async with connected(where, how) as (client, spoken):
        for step in json.loads(steps):
            outcome = await take(client, json.loads(json.dumps(step).replace("$id", known or "")))
            if known is None and step["do"] == "call":
                known = json.loads(outcome["text"])["results"][0]["id"]
            outcomes.append(outcome)
    print(json.dumps({"version": spoken, "outcomes": outcomes}))


asyncio.run(main(*sys.argv[1:]))
