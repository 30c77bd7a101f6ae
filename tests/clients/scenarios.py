"""What mem0's Python client has to see, by the numbers of scenarios.mjs. Prints a line of JSON for each scenario, and the calls."""

import asyncio
import json
import os
import re
import sys
import threading
import traceback
import urllib.request

from mem0 import AsyncMemoryClient, MemoryClient
from mem0 import exceptions as errors

HOST, KEY = sys.argv[1], sys.argv[2]
ABSENT = "11111111-2222-4333-8444-555555555555"
calls = {}
count = [0]


class Counting:
    """The client as it is; only what is called is noted."""

    def __init__(self, client):
        self._client = client

    def __getattr__(self, name):
        found = getattr(self._client, name)
        if callable(found) and not name.startswith("_"):
            calls[name] = calls.get(name, 0) + 1
        return found


def owner(name="p"):
    count[0] += 1
    return f"{name}-{os.getpid()}-{count[0]}"


def of(user, **more):
    return {"filters": {"user_id": user, **more}}


def add(client, user, text, **options):
    return client.add(text, user_id=user, infer=False, **options)["results"][0]["id"]


def texts(page):
    return [it["memory"] for it in page["results"]]


def refused(kind, call, words=""):
    try:
        call()
    except kind as error:
        assert re.search(words, error.message), error.message
        if isinstance(error, errors.MemoryError):
            assert error.details.get("error") and error.details.get("detail") and error.details.get("code"), error.details
        return error
    raise AssertionError(f"not refused: {kind.__name__}")


def row61(client):
    assert (client.org_id, client.project_id) == ("default", "default")
    try:
        MemoryClient(api_key="wrong", host=HOST)
    except ValueError as error:
        assert "token" in str(error), error
    else:
        raise AssertionError("a wrong key was taken")
    # The constructor does not let a wrong key through, so it is taken away afterwards.
    u = owner()
    bad = MemoryClient(api_key=KEY, host=HOST)
    bad.client.headers["Authorization"] = "Token wrong"
    error = refused(errors.AuthenticationError, lambda: bad.add("x", user_id=u, infer=False))
    assert error.error_code == "HTTP_401", error.error_code
    refused(errors.AuthenticationError, lambda: bad.get_all(**of(u)))
    refused(errors.AuthenticationError, lambda: bad.search("x", **of(u)))
    refused(errors.AuthenticationError, lambda: bad.delete_all(user_id=u))
    assert client.get_all(**of(u))["count"] == 0


def row62(client):
    u = owner()
    added = client.add([{"role": "user", "content": "I like tea"}, {"role": "assistant", "content": "Noted"}], user_id=u, infer=False)
    assert added["status"] == "SUCCEEDED"
    assert [(it["event"], it["data"]["memory"]) for it in added["results"]] == [("ADD", "I like tea"), ("ADD", "Noted")]
    for it in added["results"]:
        assert client.get(it["id"])["memory"] == it["data"]["memory"]


def row63(client):
    u = owner()
    added = client.add("Hello! I live in Oslo, and all is well.", user_id=u)
    assert added["status"] == "PENDING", added
    request = urllib.request.Request(f"{HOST}/v1/event/{added['event_id']}/", headers={"Authorization": f"Token {KEY}"})
    for _ in range(1200):
        event = json.load(urllib.request.urlopen(request))
        if event["status"] == "SUCCEEDED":
            break
        threading.Event().wait(0.1)
    assert event["status"] == "SUCCEEDED", event
    assert "lives in Oslo" in client.get_all(**of(u))["results"][0]["memory"]


def row64(client):
    metadata = {"snake_key": 1, "camelKey": {"inNer": 2}}
    u = owner()
    item = client.get(add(client, u, "with metadata", metadata=metadata))
    assert item["metadata"] == metadata and item["user_id"] == u and item["created_at"], item


def row65(client):
    u = owner()
    refused(errors.ValidationError, lambda: client.add("x", infer=False))
    refused(errors.ValidationError, lambda: client.add("  ", user_id=u, infer=False))
    client.add("a text", filters={"user_id": u}, infer=False)
    assert texts(client.get_all(**of(u))) == ["a text"]


def row66(client):
    u = owner()
    for n in range(7):
        add(client, u, f"note number {n}")
    pages = [client.get_all(**of(u), page=n, page_size=3) for n in (1, 2, 3)]
    assert [(it["count"], len(it["results"])) for it in pages] == [(7, 3), (7, 3), (7, 1)]
    assert pages[0]["previous"] is None and pages[0]["next"].startswith(HOST) and pages[2]["next"] is None and pages[2]["previous"]
    assert len({it["id"] for page in pages for it in page["results"]}) == 7


def row67(client):
    u = owner()
    refused(errors.ValidationError, lambda: client.get_all())
    refused(errors.ValidationError, lambda: client.get_all(filters={}))
    refused(errors.ValidationError, lambda: client.get_all(**of(u, bogus=1)), "bogus")
    refused(errors.ValidationError, lambda: client.get_all(**of(u), page=0))


def row68(client):
    assert refused(errors.MemoryNotFoundError, lambda: client.get(ABSENT)).error_code == "HTTP_404"
    for memory_id in ("not-a-uuid", "a/b c"):
        refused(errors.ValidationError, lambda: client.get(memory_id), "valid UUID")


def row69(client):
    u = owner()
    for n in range(12):
        add(client, u, f"I like tea number {n}")
    found = client.search("tea", **of(u))["results"]
    scores = [it["score"] for it in found]
    assert len(found) == 10 and scores == sorted(scores, reverse=True) and all(0 <= it <= 1 for it in scores)
    assert len(client.search("tea", **of(u), top_k=2)["results"]) == 2
    refused(errors.ValidationError, lambda: client.search("tea"))
    refused(errors.ValidationError, lambda: client.search("tea", **of(u), threshold=5))
    refused(errors.ValidationError, lambda: client.search("tea", **of(u), top_k=0))
    refused(errors.ValidationError, lambda: client.search("tea", **of(u), top_k=5000))


def row70(client):
    u = owner()
    for n in (1, 2, 3):
        add(client, u, f"tea {n}", metadata={"n": n}, timestamp=1767225600 + n * 86400)
    for filters, expected in (
        ({"AND": [{"user_id": u}, {"OR": [{"metadata": {"n": 1}}, {"metadata": {"n": 3}}]}]}, [1, 3]),
        ({"user_id": {"in": [u, "nobody"]}}, [1, 2, 3]),
        ({"user_id": u, "metadata": {"n": {"ne": 2}}}, [1, 3]),
        ({"user_id": u, "created_at": {"gte": "2026-01-02", "lte": "2026-01-03"}}, [1, 2]),
    ):
        for page in (client.get_all(filters=filters), client.search("tea", filters=filters)):
            assert sorted(it["metadata"]["n"] for it in page["results"]) == expected, (filters, page)


def row71(client):
    u = owner()
    for n in (1, 2, 3):
        add(client, u, f"tea {n}", metadata={"n": n})
    page = client.get_all(filters={"AND": [{"user_id": u}], "OR": [{"metadata": {"n": 1}}, {"metadata": {"n": 3}}]})
    assert sorted(it["metadata"]["n"] for it in page["results"]) == [1, 3]


def row72(client):
    a, b = owner(), owner()
    add(client, b, "of b")
    assert client.get_all(filters={"user_id": a, "AND": [{"user_id": b}]})["results"] == []


def row73(client):
    u = owner()
    memory_id = add(client, u, "I like tea", metadata={"a": 1})
    assert client.update(memory_id, text="I like coffee", metadata={"b": 2, "user_id": "evil"})["memory"] == "I like coffee"
    item = client.get(memory_id)
    assert (item["memory"], item["metadata"], item["user_id"]) == ("I like coffee", {"a": 1, "b": 2}, u)
    refused(errors.MemoryNotFoundError, lambda: client.update(ABSENT, text="x"))
    refused(errors.ValidationError, lambda: client.update(memory_id, text=""))
    try:
        client.update(memory_id)
    except ValueError as error:
        assert "At least one of text" in str(error)
    else:
        raise AssertionError("an empty update was sent")
    then = client.update(memory_id, timestamp=1577836800)
    assert (then["memory"], then["created_at"][:10]) == ("I like coffee", "2020-01-01")
    refused(errors.ValidationError, lambda: client.update(memory_id, text="x", timestamp="soon"))
    assert client.get(memory_id)["memory"] == "I like coffee"


def row74(client):
    u = owner()
    memory_id = add(client, u, "tea for today")
    client.update(memory_id, expiration_date="2020-01-01")
    assert client.get_all(**of(u))["count"] == 0
    assert client.get_all(**of(u), show_expired=True)["count"] == 1
    client.update(memory_id, expiration_date=None)
    assert client.get_all(**of(u))["count"] == 1
    refused(errors.ValidationError, lambda: client.update(memory_id, expiration_date="31-12-2030"))


def row75(client):
    assert client.get(add(client, owner(), "long ago", timestamp=1577836800))["created_at"].startswith("2020-01-01")


def row76(client):
    memory_id = add(client, owner(), "I like tea")
    client.update(memory_id, text="I like coffee")
    rows = client.history(memory_id)
    assert [(it["event"], it["old_memory"], it["new_memory"]) for it in rows] == [("UPDATE", "I like tea", "I like coffee"), ("ADD", None, "I like tea")]
    refused(errors.MemoryNotFoundError, lambda: client.history(ABSENT))


def row77(client):
    memory_id = add(client, owner(), "I like tea")
    assert "deleted" in client.delete(memory_id)["message"]
    refused(errors.MemoryNotFoundError, lambda: client.get(memory_id))
    refused(errors.MemoryNotFoundError, lambda: client.delete(memory_id))
    assert client.delete(add(client, owner(), "x"), delete_linked=True)["cascade_count"] == 0


def row78(client):
    from mem0.client.types import DeleteAllMemoryOptions

    u = owner()
    add(client, u, "kept")
    refused(errors.ValidationError, lambda: client.delete_all())
    # The trap of the typed options: the client sends Python's own notation of them in the query.
    refused(errors.ValidationError, lambda: client.delete_all(options=DeleteAllMemoryOptions(filters={"user_id": u})))
    assert client.get_all(**of(u))["count"] == 1


def row79(client):
    a, b = owner(), owner()
    add(client, a, "of a")
    add(client, a, "of a run", run_id="r1")
    add(client, b, "of b")
    client.delete_all(user_id=a, run_id="r1")
    assert texts(client.get_all(**of(a))) == ["of a"]
    client.delete_all(user_id=a)
    assert (client.get_all(**of(a))["count"], client.get_all(**of(b))["count"]) == (0, 1)


def row80(client):
    u, agent = owner("a/b@c"), owner("agent")
    add(client, u, "one")
    add(client, u, "two", agent_id=agent)
    entities = {it["name"]: (it["type"], it["total_memories"]) for it in client.users()["results"]}
    assert entities[u] == ("user", 2) and entities[agent] == ("agent", 1), entities
    assert client.delete_users(user_id=u)["message"] == "Entity deleted successfully."
    assert client.get_all(**of(u))["count"] == 0


def row81(client):
    u = owner()
    ids = [add(client, u, text) for text in ("one", "two", "three")]
    client.batch_update([{"memory_id": ids[0], "text": "first", "metadata": {"k": 1}}, {"memory_id": ids[1], "text": "second"}])
    assert texts(client.get_all(**of(u))) == ["first", "second", "three"]
    assert client.get(ids[0])["metadata"] == {"k": 1}
    refused(errors.MemoryNotFoundError, lambda: client.batch_update([{"memory_id": ids[0], "text": "x"}, {"memory_id": ABSENT, "text": "y"}]), ABSENT)
    client.batch_update([{"memory_id": ids[1], "metadata": {"k": 2}}])
    assert client.get(ids[1])["metadata"] == {"k": 2}
    refused(errors.ValidationError, lambda: client.batch_update([{"memory_id": ids[0], "text": "x", "expiration_date": "2030-01-01"}]), "expiration_date")
    client.batch_delete([{"memory_id": ids[0]}, {"memory_id": ids[1]}])
    assert texts(client.get_all(**of(u))) == ["three"]


def row82(client):
    u = owner()
    ids = []
    threads = [threading.Thread(target=lambda n=n: ids.append(add(client, u, f"note {n}"))) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(ids)) == 20 and client.get_all(**of(u))["count"] == 20


def row85(client):
    u = owner()
    slashed = MemoryClient(api_key=KEY, host=f"{HOST}/")
    slashed.add("tea", user_id=u, infer=False)
    assert slashed.get_all(**of(u))["count"] == 1


def row86(client):
    assert refused(errors.MemoryQuotaExceededError, lambda: client.add("x" * 300_000, user_id=owner(), infer=False)).error_code == "HTTP_413"


def beside(client):
    u = owner()
    memory_id = add(client, u, "I like tea")
    assert client.feedback(memory_id, "POSITIVE", "it helped")["feedback"] == "POSITIVE"
    made = client.create_memory_export(schema='{"type": "object", "required": ["likes"]}', filters={"user_id": u})
    assert client.get_memory_export(memory_export_id=made["id"]) == {"likes": ["tea"]}
    for call in (lambda: client.get_summary(filters={"user_id": u}), lambda: client.get_profile(u), lambda: client.get_project(), lambda: client.get_webhooks("p")):
        assert refused(errors.MemoryError, call).error_code == "HTTP_501"


def asynchronous(client):
    """The other client of the same package, which awaits."""

    async def use():
        u = owner()
        async with AsyncMemoryClient(api_key=KEY, host=HOST) as mine:
            added = await mine.add("I like tea", user_id=u, infer=False)
            memory_id = added["results"][0]["id"]
            assert texts(await mine.get_all(**of(u))) == ["I like tea"]
            assert texts(await mine.search("tea", **of(u))) == ["I like tea"]
            assert (await mine.update(memory_id, text="I like coffee"))["memory"] == "I like coffee"
            assert len(await mine.history(memory_id)) == 2
            await mine.delete(memory_id)
            try:
                await mine.get(memory_id)
            except errors.MemoryNotFoundError:
                pass
            else:
                raise AssertionError("a deleted memory was found")

    asyncio.run(use())


def reset(client):
    """Last of all: everything is deleted."""
    add(client, owner(), "something")
    assert client.reset()["message"] == "Client reset successful. All users and memories deleted."
    assert client.users()["results"] == []


client = Counting(MemoryClient(api_key=KEY, host=HOST))
calls["ping"] = 1
SCENARIOS = [it for name, it in list(globals().items()) if re.match(r"row\d+$", name)] + [beside, asynchronous, reset]
for scenario in SCENARIOS:
    try:
        scenario(client)
        problem = None
    except Exception:
        problem = traceback.format_exc()
    print(json.dumps({"name": scenario.__name__, "problem": problem}), flush=True)
print(json.dumps({"calls": calls}), flush=True)
