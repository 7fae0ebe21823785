"""TLS of carrier groups: the policies, the files of the node, and who must write them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from carriers.passwords.hidden import hidden
from carriers.snapshots.records import GroupRecord
from kamailio_bridge.local.tls_files import write_tls_files
from kamailio_bridge.modules.certificates import TLS_POLICIES, CertificatesModule
from kamailio_bridge.modules.policies.tls import tls_policy, tls_profile
from kamailio_bridge.nodes.certificates.tls_profiles import write_profiles
from kamailio_bridge.nodes.node import Node
from kamailio_bridge.nodes.rpc import Rpc
from kamailio_bridge.plan import rules
from tests.certificates import CA, CERTIFICATE, KEY, OTHER_KEY
from tests.kamailio_bridge.records import carriers, credential, endpoint, group, pbx

OWN = {"client_certificate": CERTIFICATE, "client_key": hidden(KEY)}
MODULE = CertificatesModule()


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ({}, []),
        ({"certificate_names": "a.example, 2001:db8::7"}, ["names"]),
        ({"ca_certificates": CA}, ["files"]),
        (OWN, ["files"]),
        ({"verify_certificate": False, "certificate_names": "a.example"}, ["files", "verify"]),
    ],
)
def test_a_policy_has_what_differs(values: dict[str, Any], names: list[str]) -> None:
    policy = tls_policy(group(1, **values))
    assert list(policy) == names
    assert policy.get("names", "a.example/2001:db8::7") == "a.example/2001:db8::7"
    assert (tls_profile(group(1, **values)) is None) == ("files" not in names)


def test_a_policy_changes_with_the_key_and_shows_nothing_of_it() -> None:
    one, other = tls_policy(group(1, **OWN)), tls_policy(group(1, **OWN | {"client_key": hidden(OTHER_KEY)}))
    assert one["files"] != other["files"]
    assert len(one["files"]) == 16


def test_the_files_are_those_of_the_groups(tmp_path: Path) -> None:
    """They outlive a restart of Kamailio, a key that can't be read keeps its group's, and the others go."""
    wanted = MODULE.project(carriers(group(1, **OWN), group(2, ca_certificates=CA), group(3)), ()).tls
    config = write_tls_files(tmp_path)
    base = config.read_text()
    write_profiles(tmp_path, wanted)
    files = tmp_path / "tls_profiles"
    assert {path.name for path in files.iterdir()} == {"group-1.key", "group-1.pem", "group-2.ca.pem"}
    assert (files / "group-1.key").read_text().strip() == KEY
    assert {path.stat().st_mode & 0o777 for path in files.iterdir()} == {0o600}
    text = config.read_text()
    assert text.startswith(base.rstrip())
    assert text.count("[client:any]") == 2
    write_tls_files(tmp_path)
    assert config.read_text() == text

    lost = group(1, **OWN | {"client_key": None})
    unreadable = MODULE.project(carriers(lost, group(4, verify_certificate=False)), ())
    assert "its client key can't be decrypted" in str(unreadable.warnings)
    write_profiles(tmp_path, unreadable.tls)
    assert {path.name for path in files.iterdir()} == {"group-1.key", "group-1.pem"}
    assert "server_id = group-1\n" in config.read_text()
    assert "server_id = group-4\nserver_name = group-4.invalid\nverify_certificate = no\n" in config.read_text()

    (files / "group-1.key").unlink()  # then Kamailio would not start with the section
    write_tls_files(tmp_path)
    assert "[client:any]" not in config.read_text()


def test_a_node_of_another_machine_is_named(tmp_path: Path) -> None:
    wanted = MODULE.project(carriers(group(1, **OWN)), ())
    assert len(wanted.rows[TLS_POLICIES]) == 1
    here = Node("here", Rpc("http://127.0.0.1:1/RPC", "", 1, fifo=tmp_path / "rpc_fifo"))
    elsewhere = Node("elsewhere", Rpc("http://10.0.0.5:5062/RPC", "", 1))
    assert "run manage.py reload_certificates there" in MODULE.remark(here, wanted, None)  # it has no tls.cfg
    write_tls_files(tmp_path)
    assert MODULE.remark(here, wanted, None) == ""
    assert "run manage.py reload_certificates there" in MODULE.remark(elsewhere, wanted, None)
    assert MODULE.remark(elsewhere, MODULE.project(carriers(group(1)), ()), None) == ""


def over_tls(pk: int, host: str = "203.0.113.7", port: int | None = 5061, **values: Any) -> GroupRecord:
    return group(pk, endpoint(pk, host=host, port=port, transport="tls"), **values)


@pytest.mark.parametrize(
    ("objects", "refused"),
    [
        ([over_tls(1, ca_certificates=CA), over_tls(2, ca_certificates=CA)], False),
        ([over_tls(1, ca_certificates=CA), over_tls(2)], True),
        ([over_tls(1, **OWN), over_tls(2, ca_certificates=CA)], True),
        ([over_tls(1, verify_certificate=False), over_tls(2)], True),
        ([over_tls(1, certificate_names="a.example"), over_tls(2)], False),
        ([over_tls(1, ca_certificates=CA), over_tls(2, port=5062)], False),
        ([over_tls(1, "GW.example", None, ca_certificates=CA), over_tls(2, "gw.example")], True),
        ([over_tls(1, ca_certificates=CA), over_tls(2, enabled=False)], False),
        ([over_tls(1, ca_certificates=CA), pbx(1, host="203.0.113.7", port=5061, transport="tls")], True),
        (
            [
                over_tls(1, ca_certificates=CA),
                group(2, credential=credential(2, registrar="203.0.113.7", port=5061, transport="tls")),
            ],
            True,
        ),
    ],
)
def test_different_certificates_at_one_address_are_refused(objects: list[Any], refused: bool) -> None:
    problems = [str(problem) for problem in rules.problems(carriers(*objects))]
    assert bool(problems) == refused
    assert all("sends both over one connection" in problem for problem in problems)
