"""What Telegram makes of texts."""

from __future__ import annotations

import pytest

from telegram_simulator.messages.text import rich_text


def marked(text: str, *, parse_mode: str | None = "HTML") -> tuple[str, list[tuple[str, str]]]:
    rich = rich_text(text, parse_mode=parse_mode)
    return rich.text, [(entity.type, entity.extract_from(rich.text)) for entity in rich.entities]


@pytest.mark.parametrize(
    ("source", "text", "entities"),
    [
        ("<i>a<b>b</b></i>", "ab", [("italic", "ab"), ("bold", "b")]),
        ("<tg-spoiler>x</tg-spoiler><span class='tg-spoiler'>y</span>", "xy", [("spoiler", "x"), ("spoiler", "y")]),
        ('<pre><code class="language-python">x = 1</code></pre>', "x = 1", [("pre", "x = 1")]),
        ("<blockquote expandable>q</blockquote>", "q", [("expandable_blockquote", "q")]),
        ("&lt;b&gt; &amp;nbsp; &#8364; & &copy;", "<b> &nbsp; € & &copy;", []),
        ("  <b> both ends </b>\n", "both ends", [("bold", "both ends")]),
        ("<b></b>nothing", "nothing", []),
        ("<a href='example'>no link</a>", "no link", []),
        ("😀<u>after an emoji</u>", "😀after an emoji", [("underline", "after an emoji")]),
    ],
)
def test_html_is_understood(source, text, entities):
    assert marked(source) == (text, entities)


@pytest.mark.parametrize(
    ("text", "entities"),
    [
        ("/start now", [("bot_command", "/start")]),
        ("/help@some_bot", [("bot_command", "/help@some_bot")]),
        ("a/b is no command", []),
        ("see https://example.org/a?b=1.", [("url", "https://example.org/a?b=1")]),
        ("ask @somebody #soon", [("mention", "@somebody"), ("hashtag", "#soon")]),
        ("me@example.org", []),
    ],
)
def test_commands_and_links_are_marked_by_themselves(text, entities):
    assert marked(text, parse_mode=None) == (text, entities)


def test_lines_that_a_browser_ended_with_crlf_end_as_usual():
    assert rich_text("one\r\ntwo").text == "one\ntwo"
