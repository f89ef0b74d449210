"""A hook of MkDocs: links to files that are no pages lead to the repository."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

LINK = re.compile(r"(\]\(|^\[\w+\]: )(?!https?:|#)([^\s)#]+)", re.MULTILINE)


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Lead links out of the site to the repository."""

    def lead(link: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(page.file.src_uri), link[2]))
        file = files.get_file_from_path(target)
        shown = file is not None and file.inclusion.is_included()
        return link[0] if shown else f"{link[1]}{config.repo_url}/blob/main/{target}"

    return LINK.sub(lead, markdown)
