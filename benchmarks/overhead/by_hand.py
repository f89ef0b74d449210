"""What one would write in an hour, with all that a user of the product sees. For `overhead`; told by its environment.

A message says that the photo has come in, and becomes the picture. A photo that cannot be decoded is refused before
ComfyUI gets it. It has no queue, no retries, no progress, no second user and no cleaning up; whatever goes wrong ends
it.
"""

import asyncio
import io
import json
import os
import uuid

import aiohttp
from PIL import Image

BOT, FILES = (f"{os.environ['TELEGRAM']}/{kind}bot{os.environ['TOKEN']}" for kind in ("", "file/"))
COMFYUI, GRAPH = os.environ["COMFYUI"], os.environ["GRAPH"]


async def edit(http: aiohttp.ClientSession, message: dict) -> None:  # type: ignore[type-arg]
    """Answer a photo with its edit."""
    to = {"chat_id": message["chat"]["id"]}
    said = {**to, "text": "Got it", "reply_parameters": {"message_id": message["message_id"]}}
    async with http.post(f"{BOT}/sendMessage", json=said) as reply:
        placeholder = (await reply.json())["result"]["message_id"]
    async with http.get(f"{BOT}/getFile", params={"file_id": message["photo"][-1]["file_id"]}) as reply:
        path = (await reply.json())["result"]["file_path"]
    async with http.get(f"{FILES}/{path}") as reply:
        data = await reply.read()
    Image.open(io.BytesIO(data)).load()
    photo = aiohttp.FormData({"overwrite": "true"})
    photo.add_field("image", data, filename=f"{uuid.uuid4()}.jpg")
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
        media = json.dumps({"type": "photo", "media": "attach://edited", "caption": prompt})
        answer = aiohttp.FormData({"chat_id": str(to["chat_id"]), "message_id": str(placeholder), "media": media})
        answer.add_field("edited", await reply.read(), filename="edited.png")
    async with http.post(f"{BOT}/editMessageMedia", data=answer) as reply:
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
