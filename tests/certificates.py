"""Certificates for tests that only look at them: made once a run."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.e2e.sip.tls import Authority

_FOLDER = Path(tempfile.mkdtemp(prefix="certificates-"))
_authority = Authority(_FOLDER, "test-ca")


def certify(name: str, days: int = 90) -> tuple[str, str]:
    """Return a certificate and its key in PEM format, as they are stored."""
    certificate, key = _authority.certify(name, days=days)
    return certificate.read_text(encoding="ascii").strip(), key.read_text(encoding="ascii").strip()


CA = _authority.pem.strip()
CERTIFICATE, KEY = certify("acct.example")
OTHER_KEY = certify("other.example")[1]
EXPIRED, EXPIRED_KEY = certify("old.example", days=-1)
