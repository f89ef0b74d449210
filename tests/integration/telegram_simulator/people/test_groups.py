"""Groups that become supergroups, and what they let a bot do."""

from __future__ import annotations

import pytest
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError, TelegramMigrateToChat
from aiogram.types import BufferedInputFile, InputMediaPhoto

from telegram_simulator.client import RefusedError


@pytest.fixture
async def group(telegram, ann):
    return await telegram.group("Friends", ann, kind="group")


async def news(bot):
    """What has happened since the last call; confirms it."""
    updates = await bot.get_updates()
    if updates:
        await bot.get_updates(offset=updates[-1].update_id + 1)
    return updates


async def test_migration_moves_the_people_and_is_told_in_both_chats(bot, telegram, ann, group):
    bob = await telegram.user(first_name="Bob")
    group = await telegram.group("Friends", ann, bob, kind="group")
    new = await group.migrate()
    told, heard = [update.message for update in await news(bot)]
    assert (told.chat.id, told.migrate_to_chat_id, told.from_user.id) == (group.id, new.id, ann.id)
    assert (heard.chat.id, heard.migrate_from_chat_id, heard.sender_chat.id) == (new.id, group.id, new.id)
    assert heard.from_user.id == 1087968824
    assert (heard.chat.type, heard.chat.title) == ("supergroup", "Friends")
    for person in (ann, bob):
        await person.within(new).send("/help")
    assert [update.message.from_user.id for update in await news(bot)] == [ann.id, bob.id]
    await bot.send_message(new.id, "Here we are.")
    await ann.within(new).says("Here we are.")


async def test_migrated_group_refuses_every_call_for_ever_and_names_the_supergroup(bot, ann, group, picture):
    photo = BufferedInputFile(picture(), "a.jpg")
    said = await bot.send_photo(group.id, photo)
    new = await group.migrate()
    for _ in range(2):
        for call in (
            lambda: bot.send_message(group.id, "hello"),
            lambda: bot.send_photo(group.id, photo),
            lambda: bot.send_chat_action(group.id, "typing"),
            lambda: bot.edit_message_caption(chat_id=group.id, message_id=said.message_id, caption="changed"),
            lambda: bot.delete_message(group.id, said.message_id),
        ):
            with pytest.raises(TelegramMigrateToChat) as caught:
                await call()
            assert caught.value.migrate_to_chat_id == new.id
    assert (await bot.get_chat(group.id)).id == group.id, "it can still be read"


async def test_migrated_message_cannot_be_edited_in_the_supergroup(bot, group):
    said = await bot.send_message(group.id, "before")
    new = await group.migrate()
    with pytest.raises(TelegramBadRequest, match="message to edit not found"):
        await bot.edit_message_text("after", chat_id=new.id, message_id=said.message_id)


async def test_migrated_group_may_leave_edits_in_the_old_one(bot, ann, group):
    said = await bot.send_message(group.id, "before")
    await group.migrate(edits=True)
    await said.edit_text("after")
    await ann.within(group).says("after")
    with pytest.raises(TelegramMigrateToChat):
        await said.delete()


async def test_migration_happens_once_and_to_basic_groups_only(telegram, ann, group):
    new = await group.migrate()
    for each in (group, new):
        with pytest.raises(RefusedError):
            await each.migrate()
    with pytest.raises(RefusedError, match="one still"):
        await group.kick_bot()


async def test_migrated_groups_buttons_are_still_pressed_in_the_old_one(bot, ann, group):
    keyboard = {"inline_keyboard": [[{"text": "Again", "callback_data": "again"}]]}
    await bot.send_message(group.id, "done", reply_markup=keyboard)
    new = await group.migrate()
    await ann.within(group).press("Again")
    press = (await news(bot))[-1].callback_query
    assert press.message.chat.id == group.id != new.id


async def test_group_forbids_photos_and_says_so_in_telegrams_words(bot, telegram, ann, picture):
    group = await telegram.group("Friends", ann)
    said = await bot.send_message(group.id, "One moment")
    await group.forbid("can_send_photos")
    photo = BufferedInputFile(picture(), "a.jpg")
    media = InputMediaPhoto(media=photo)
    for call in (
        lambda: bot.send_photo(group.id, photo),
        lambda: bot.send_media_group(group.id, [media, media]),
        lambda: bot.edit_message_media(media, chat_id=group.id, message_id=said.message_id),
    ):
        with pytest.raises(TelegramBadRequest, match="not enough rights to send photos to the chat"):
            await call()
    await bot.send_document(group.id, photo)
    await said.edit_text("Here it is")
    await group.promote_bot()
    await bot.send_photo(group.id, photo)


async def test_group_forbids_media_or_everything(bot, telegram, ann, picture):
    group = await telegram.group("Friends", ann)
    file = BufferedInputFile(picture(), "a.jpg")
    await group.forbid_media()
    with pytest.raises(TelegramBadRequest, match="not enough rights to send documents to the chat"):
        await bot.send_document(group.id, file)
    await bot.send_message(group.id, "words are free")
    await group.forbid_everything()
    with pytest.raises(TelegramBadRequest, match="not enough rights to send text messages to the chat"):
        await bot.send_message(group.id, "hello")
    await group.forbid()
    await bot.send_document(group.id, file)
    with pytest.raises(RefusedError, match="no such permission: can_fly"):
        await group.forbid("can_fly")


async def test_group_with_a_closed_topic_lets_only_administrators_write(bot, telegram, ann):
    group = await telegram.group("Friends", ann)
    await group.close_topic()
    with pytest.raises(TelegramBadRequest, match="TOPIC_CLOSED"):
        await bot.send_message(group.id, "hello")
    await group.promote_bot()
    await bot.send_message(group.id, "hello")
    await group.add_bot()
    await group.reopen_topic()
    await bot.send_message(group.id, "hello")


@pytest.mark.parametrize("kind", ["group", "supergroup"])
async def test_bot_that_is_kicked_is_told_and_let_in_again_is_told_too(bot, telegram, ann, kind):
    group = await telegram.group("Friends", ann, kind=kind)
    await group.kick_bot()
    goodbye, change = await news(bot)
    assert goodbye.message.left_chat_member.id == bot.id
    assert change.my_chat_member.new_chat_member.status == "kicked"
    with pytest.raises(TelegramForbiddenError, match=f"bot was kicked from the {kind} chat"):
        await bot.send_message(group.id, "hello")
    await ann.within(group).send("/help")
    assert await news(bot) == []
    await group.add_bot()
    change, welcome = await news(bot)
    assert change.my_chat_member.old_chat_member.status == "kicked"
    assert welcome.message.new_chat_members[0].id == bot.id
    await bot.send_message(group.id, "hello")


async def test_change_of_the_bots_rights_is_told(bot, telegram, ann):
    group = await telegram.group("Friends", ann)
    await group.promote_bot()
    await group.forbid("can_send_photos")
    promoted, restricted = [update.my_chat_member for update in await news(bot)]
    assert (promoted.old_chat_member.status, promoted.new_chat_member.status) == ("member", "administrator")
    assert promoted.from_user.id == ann.id
    assert restricted.new_chat_member.status == "restricted"
    assert restricted.new_chat_member.can_send_photos is False
    assert restricted.new_chat_member.can_send_documents is True
    assert (await bot.get_chat_member(group.id, bot.id)).status == "restricted"


async def test_change_of_the_bots_rights_is_told_only_if_asked_for(bot, telegram, ann):
    group = await telegram.group("Friends", ann)
    await bot.get_updates(allowed_updates=["message"])
    await group.promote_bot()
    await ann.block()
    await ann.unblock()
    assert await news(bot) == []
