"""Pods that are gone without a word: the job runs again elsewhere, and its user notices only the time."""

from __future__ import annotations

import time
from collections import Counter

from tests.e2e.cluster.kube import eventually


async def test_worker_killed_in_mid_job_costs_a_second_attempt_and_shows_one_answer(installation, worker, photo):
    user = await installation.telegram.user()
    before = await installation.job_ids()
    async with installation.comfyui(worker) as comfyui:
        # So that the job cannot end in the moment which the kubelet leaves between SIGTERM and SIGKILL.
        await comfyui.fault("hang", at_step=2, seconds=30)
        await user.send(photo=photo, caption="make it snow")

        async def new():
            return await installation.job_ids() - before

        [job] = await eventually("a job", new, within=60)
        await installation.until_editing(job, step=2)
    killed = time.monotonic()
    await installation.kube("delete", "pod", worker.name, "--force", "--grace-period=0")
    await user.picture(timeout=60)
    claims = installation.watch.claims(job)
    print(f"from the kill to the answer: {time.monotonic() - killed:.1f} s (lease 10 s); attempts: {claims}")
    assert [attempt for _pod, attempt in claims] == [1, 2]
    assert claims[0][0] == worker.name != claims[1][0]
    await installation.one_message(user)


BURST, SHARE = 100, 20
"""Messages of a burst, and how many of them a person may have waiting."""


def told(chat):
    """Return how often each message was answered, and which answers say that those behind them were skipped."""
    skips = [message.reply_to for message in chat.from_bot if "a lot at once" in message.text]
    return Counter(message.reply_to for message in chat.from_bot), skips


async def test_bot_killed_amid_a_burst_of_one_person_serves_another_and_answers_the_whole_burst(
    installation, worker, photo
):
    other, busy = await installation.telegram.user(), await installation.telegram.user()
    await other.send(photo=photo, caption="make it snow")
    await other.says("“make it snow”", timeout=60)
    sent = await busy.flood(BURST, "/help")  # texts at once would be one instruction, with one answer
    await busy.wait_for(lambda chat: len(chat.from_bot) >= 3, what="the burst being answered")
    [bot] = await installation.kube.pods("bot")
    killed = time.monotonic()
    await installation.kube("delete", "pod", bot.name, "--force", "--grace-period=0")
    await other.send_text("/help")
    await other.says("What works well", timeout=60)
    helped = time.monotonic() - killed
    answers, skips = told(await busy.snapshot())
    assert not skips, "the other person waited until the burst was over"

    def all_told(chat):
        answers, skips = told(chat)
        return len(answers) > SHARE and skips

    answers, skips = told(await busy.wait_for(all_told, timeout=150, what="an answer to the whole burst"))
    print(f"from the kill to the other person's /help: {helped:.1f} s; to the end: {time.monotonic() - killed:.1f} s")
    print(f"{len(answers)} answers to {BURST} messages")
    assert answers.keys() <= set(sent)
    assert all(message > min(skips) for message in sent if message not in answers)
    # Killed between Telegram's reply and its note of it, the bot says a word again.
    assert answers.total() <= len(answers) + 1
    await other.picture(timeout=60)
    assert len((await other.snapshot()).from_bot) == 2, "a picture and the help, each once"
