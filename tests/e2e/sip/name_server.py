"""A DNS server with records that a test sets and changes."""

from __future__ import annotations

import socket
import threading
from collections import defaultdict

import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

TTL = 2  # seconds: changes are followed soon


class NameServer:
    """Answers from ``records``, by name and type: ``{("gw.example.", "A"): ["127.0.0.1"]}``; counts its questions.

    It answers nothing at all about names in ``silent``.
    """

    def __init__(self, address: str, port: int = 53) -> None:
        self.records: dict[tuple[str, str], list[str]] = {}
        self.silent: set[str] = set()
        self.failing: set[str] = set()  # names with SERVFAIL
        self.asked: dict[tuple[str, str], int] = defaultdict(int)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, port))
        self._socket.settimeout(0.2)
        self._closed = False
        self._thread = threading.Thread(target=self._serve, name="name server", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._closed = True
        self._thread.join(5)
        self._socket.close()

    def _serve(self) -> None:
        while not self._closed:
            try:
                wire, peer = self._socket.recvfrom(4096)
            except TimeoutError:
                continue
            answer = self._answer(dns.message.from_wire(wire))
            if answer is not None:
                self._socket.sendto(answer.to_wire(), peer)

    def _answer(self, query: dns.message.Message) -> dns.message.Message | None:
        question = query.question[0]
        name, kind = question.name.to_text().lower(), dns.rdatatype.to_text(question.rdtype)
        self.asked[name, kind] += 1
        if name in self.silent:
            return None
        answer = dns.message.make_response(query)
        if name in self.failing:
            answer.set_rcode(dns.rcode.SERVFAIL)
            return answer
        texts = self.records.get((name, kind), [])
        if texts:
            answer.answer.append(dns.rrset.from_text(name, TTL, "IN", kind, *texts))
        elif not any(known == name for known, _ in self.records):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        return answer
