"""Staff at a web worker of the site, by HTTP alone: log in, add endpoints, press the button."""

from __future__ import annotations

import re
from typing import Any

import requests

from tests.admin.forms import fields_of, new_endpoint

GROUPS = "/admin/carriers/carriergroup/"
PATIENCE = 60.0  # s; a member of a cluster that is gone is missed by the others only after a while


class NotAcknowledged(Exception):
    """The site did not confirm a request."""


class Staff:
    """One person with a browser; ``site`` is the address of a web worker."""

    def __init__(self, site: str, username: str, password: str) -> None:
        self.site = site
        self.username = username
        self.password = password
        self.session = requests.Session()
        self.session.trust_env = False

    def log_in(self) -> None:
        fields = fields_of(self._page("/admin/login/"))
        fields |= {"username": self.username, "password": self.password}
        self._post("/admin/login/", fields)

    def add_group(self, **fields: str) -> int:
        """Fill in the short form, and return the key of the group that the list marks. Raises ``NotAcknowledged``."""
        url = f"{GROUPS}add/"
        where = self._post(url, {**fields_of(self._page(url)), **fields})
        return int(where.rpartition("#group-")[2])

    def add_endpoint(self, group: int, name: str, host: str, **values: str) -> None:
        """Add an endpoint on the group's page. Raises ``NotAcknowledged``."""
        url = f"{GROUPS}{group}/change/"
        html = self._page(url)
        fields = fields_of(html)
        total = int(fields["endpoints-TOTAL_FORMS"])
        self._post(url, {**fields, **new_endpoint(total, total + 1, name=name, host=host, **values), "_save": "Save"})

    def reload(self) -> str:
        """Press *Reload Kamailio*, and return the site's message. Raises ``NotAcknowledged``."""
        fields = fields_of(self._page("/admin/"))
        where = self._post("/admin/kamailio/reload/", {"csrfmiddlewaretoken": fields["csrfmiddlewaretoken"]})
        said = re.findall(r'<li class="(?:success|warning|error|info)">(.*?)</li>', self._page(where), re.DOTALL)
        if not said:
            raise NotAcknowledged("The site says nothing of the reload.")
        return str(said[-1])

    def _page(self, path: str) -> str:
        return str(self._ask("GET", path, 200).text)

    def _post(self, path: str, fields: dict[str, str]) -> str:
        """Post a form, and return the target of the redirect, which means success."""
        return str(self._ask("POST", path, 302, data=fields).headers["Location"])

    def _ask(self, method: str, path: str, expected: int, **options: Any) -> requests.Response:
        try:
            answer = self.session.request(
                method,
                self.site + path,
                headers={"Referer": self.site + path},
                timeout=PATIENCE,
                allow_redirects=False,
                **options,
            )
        except requests.RequestException as error:
            raise NotAcknowledged(str(error)) from None
        if answer.status_code != expected:
            raise NotAcknowledged(f"{method} {path}: {answer.status_code}")
        return answer
