"""What one would write in an hour: photos from Telegram to ComfyUI and back, one at a time. For `overhead.py`.

No queue, no retries, no progress, no cleaning up; whatever goes wrong ends it. Told by its environment.
"""

import asyncio
import json
import os
import uuid

import aiohttp

BOT, FILES = (f"{os.environ['TELEGRAM']}/{kind}bot{os.environ['TOKEN']}" for kind in ("", "file/"))
COMFYUI, GRAPH = os.environ["COMFYUI"], os.environ["GRAPH"]


async def edit(http: aiohttp.ClientSession, message: dict) -> None:  # type: ignore[type-arg]
    """Answer a photo with its edit."""
    async with http.get(f"{BOT}/getFile", params={"file_id": message["photo"][-1]["file_id"]}) as reply:
        path = (await reply.json())["result"]["file_path"]
    async with http.get(f"{FILES}/{path}") as reply:
        photo = aiohttp.FormData({"overwrite": "true"})
        photo.add_field("image", await reply.read(), filename=f"{uuid.uuid4()}.jpg")
    async with http.post(f"{COMFYUI}/upload/image", data=photo) as reply:
        name = (await reply.json())["name"]
    graph = json.loads(GRAPH.replace("$PICTURE", name).replace("$PROMPT", message["caption"]))
    client = uuid.uuid4().hex
    async with http.ws_connect(f"{COMFYUI}/ws?clientId={client}") as socket:
        async with http.post(f"{COMFYUI}/prompt", json={"prompt": graph, "client_id": client}) as reply:
            prompt = (await reply.json())["prompt_id"]
        async for frame in socket:
            event = json.loads(frame.data)
            if event["type"] == "executing" and event["data"]["node"] is None:
                break
    async with http.get(f"{COMFYUI}/history/{prompt}") as reply:
        [output] = (await reply.json())[prompt]["outputs"].values()
    async with http.get(f"{COMFYUI}/view", params=output["images"][0]) as reply:
        answer = aiohttp.FormData({"chat_id": str(message["chat"]["id"]), "caption": prompt})
        answer.add_field("photo", await reply.read(), filename="edited.png")
    async with http.post(f"{BOT}/sendPhoto", data=answer) as reply:
        reply.raise_for_status()


async def main() -> None:
    """Ask for photos, for ever."""
    offset = 0
    print("ready", flush=True)
    async with aiohttp.ClientSession() as http:
        while True:
            async with http.get(f"{BOT}/getUpdates", params={"offset": offset, "timeout": 30}) as reply:
                for update in (await reply.json())["result"]:
                    offset = update["update_id"] + 1
                    await edit(http, update["message"])


asyncio.run(main())
