"""A bot as one would write it in an hour: no queue, no second user, no retries, no progress, no clean-up.

Its settings are environment variables. Whatever goes wrong ends it.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import uuid
from string import Template
from typing import Any

import aiohttp

BOT, FILES = (f"{os.environ['TELEGRAM']}/{kind}bot{os.environ['TOKEN']}" for kind in ("", "file/"))
COMFYUI, GRAPH = os.environ["COMFYUI"], Template(os.environ["GRAPH"])


async def answer(http: aiohttp.ClientSession, message: dict[str, Any]) -> None:
    """Say that a photo has arrived, and turn that message into its edit."""
    chat = message["chat"]["id"]
    said = {"chat_id": chat, "text": "Got it", "reply_parameters": {"message_id": message["message_id"]}}
    async with http.post(f"{BOT}/sendMessage", json=said) as reply:
        placeholder = (await reply.json())["result"]["message_id"]
    async with http.get(f"{BOT}/getFile", params={"file_id": message["photo"][-1]["file_id"]}) as reply:
        path = (await reply.json())["result"]["file_path"]
    async with http.get(f"{FILES}/{path}") as reply:
        picture = await edited(http, await reply.read(), message["caption"])
    media = json.dumps({"type": "photo", "media": "attach://edited"})
    form = aiohttp.FormData({"chat_id": str(chat), "message_id": str(placeholder), "media": media})
    form.add_field("edited", picture, filename="edited.png")
    async with http.post(f"{BOT}/editMessageMedia", data=form) as reply:
        reply.raise_for_status()


async def edited(http: aiohttp.ClientSession, photo: bytes, prompt: str) -> bytes:
    """Edit a photo on ComfyUI."""
    client = uuid.uuid4().hex
    form = aiohttp.FormData()
    form.add_field("image", photo, filename=f"{client}.jpg")
    async with http.post(f"{COMFYUI}/upload/image", data=form) as reply:
        name = (await reply.json())["name"]
    graph = json.loads(GRAPH.substitute(PICTURE=name, PROMPT=prompt, PREFIX=client, SEED=random.getrandbits(32)))
    async with http.ws_connect(f"{COMFYUI}/ws", params={"clientId": client}) as socket:
        async with http.post(f"{COMFYUI}/prompt", json={"prompt": graph, "client_id": client}) as reply:
            reply.raise_for_status()
        async for frame in socket:
            event = json.loads(frame.data) if frame.type is aiohttp.WSMsgType.TEXT else {}  # a preview
            if event.get("type") == "executed" and (images := event["data"]["output"].get("images")):
                async with http.get(f"{COMFYUI}/view", params=images[0]) as reply:
                    return await reply.read()
            if event.get("type") == "execution_error":
                break
    raise RuntimeError("ComfyUI made no picture")


async def main() -> None:
    """Ask for photos, forever."""
    offset = 0
    async with aiohttp.ClientSession() as http:
        print("ready", flush=True)
        while True:
            async with http.get(f"{BOT}/getUpdates", params={"offset": offset, "timeout": 30}) as reply:
                for update in (await reply.json())["result"]:
                    offset = update["update_id"] + 1
                    await answer(http, update["message"])


if __name__ == "__main__":
    asyncio.run(main())
