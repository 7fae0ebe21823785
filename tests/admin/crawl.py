"""Every page of the site, by following links, and what its scripts ask for."""

from __future__ import annotations

from collections import deque
from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin

from django.test import Client


class _PageReader(HTMLParser):
    """Collect a page's links and its scripts' addresses, and what stands inline in it that runs or styles."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.asked: list[str] = []
        self.inline: list[str] = []
        self._groups: list[str] = []
        self._nodes: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = dict(attributes)
        if tag == "a" and values.get("href"):
            self.links.append(values["href"] or "")
        if values.get("data-url"):
            self.asked.append(values["data-url"] or "")
        if values.get("data-group"):
            self._groups.append(f"group={values['data-group']}")
        if values.get("data-node"):
            self._nodes.append(values["data-node"] or "")
        if tag == "style" or (tag == "script" and not values.get("src") and values.get("type") != "application/json"):
            self.inline.append(tag)
        self.inline += [f"{tag} {name}" for name in values if name == "style" or name.startswith("on")]

    def asked_for(self) -> list[str]:
        """Return what the page's scripts ask for, as they ask."""
        urls = []
        for url in self.asked:
            if url.endswith("/registrations/"):
                urls.append(f"{url}?{'&'.join(self._groups)}")
            elif "NAME" in url:
                urls += [url.replace("NAME", node) for node in self._nodes]
            else:
                urls.append(url)
        return urls


def crawl(client: Client) -> dict[str, str]:
    """Return the HTML of every page that links lead to, from the index on, and the answers to the pages' scripts."""
    pages: dict[str, str] = {}
    queue = deque(["/admin/"])
    while queue:
        url = queue.popleft()
        if url in pages or not url.startswith("/admin/") or ("?" in url and not url.endswith("?p=1")):
            continue
        response = client.get(url)
        assert response.status_code == 200, url
        pages[url] = response.content.decode()
        reader = _PageReader()
        reader.feed(pages[url])
        assert not reader.inline, url
        queue.extend(urldefrag(urljoin(url, link)).url for link in reader.links)
        for asked in reader.asked_for():
            answer = client.get(asked)
            assert answer.status_code in (200, 405), asked  # 405: a button, which posts
            pages[asked] = answer.content.decode()
    return pages
