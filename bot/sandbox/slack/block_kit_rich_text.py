"""The rules of Block Kit for rich text, as tables.

Source: https://docs.slack.dev/reference/block-kit/blocks/rich-text-block
"""

from bot.sandbox.slack.shapes import Rule, array, boolean, by_type, integer, one_of, shape, string

_STYLE = shape(
    {},
    dict.fromkeys(
        (
            "bold",
            "italic",
            "strike",
            "code",
            "underline",
            "highlight",
            "client_highlight",
            "unlink",
        ),
        boolean,
    ),
)
_STYLED = {"style": _STYLE}
_BORDER = {"border": integer(0, 1)}

INLINE: dict[str, Rule] = {
    "text": shape({"text": string()}, _STYLED),
    "link": shape({"url": string()}, {**_STYLED, "text": string(), "unsafe": boolean}),
    "emoji": shape(
        {"name": string()}, {"unicode": string(), "skin_tone": integer(1, 6), "url": string()}
    ),
    "user": shape({"user_id": string()}, _STYLED),
    "usergroup": shape({"usergroup_id": string()}, _STYLED),
    "channel": shape({"channel_id": string()}, _STYLED),
    "broadcast": shape({"range": one_of("here", "channel", "everyone")}, _STYLED),
    "team": shape({"team_id": string()}, _STYLED),
    "color": shape({"value": string()}, _STYLED),
    "date": shape(
        {"timestamp": integer(), "format": string()},
        {**_STYLED, "url": string(), "fallback": string()},
    ),
}

_SECTION = shape({"elements": array(by_type(INLINE))})
_VERBATIM = array(by_type({"text": INLINE["text"], "link": INLINE["link"]}))

PARTS: dict[str, Rule] = {
    "rich_text_section": _SECTION,
    "rich_text_list": shape(
        {
            "style": one_of("bullet", "ordered"),
            "elements": array(by_type({"rich_text_section": _SECTION})),
        },
        {**_BORDER, "indent": integer(0, 8), "offset": integer(0)},
    ),
    "rich_text_preformatted": shape({"elements": _VERBATIM}, {**_BORDER, "language": string()}),
    "rich_text_quote": shape({"elements": array(by_type(INLINE))}, _BORDER),
}

RICH_TEXT = shape({"elements": array(by_type(PARTS))}, {"block_id": string(255)})
RICH_TEXT_OBJECT = by_type({"rich_text": RICH_TEXT})
