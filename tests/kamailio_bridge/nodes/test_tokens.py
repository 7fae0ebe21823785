"""The sources of nodes' tokens: variables for that purpose, and files of one folder. Nothing else is sent to nodes."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from pytest_django import Settings

from kamailio_bridge.checks import check_token_folder
from kamailio_bridge.nodes.models import KamailioNode
from kamailio_bridge.nodes.rpc import NodeRefused
from kamailio_bridge.nodes.tokens import TokenMissing, normal_token_source, read_token, validate_token_source
from tests.kamailio_bridge.http_node import http_node, results

TOKEN = "the-token-of-this-test"


@pytest.fixture
def folder(settings: Settings, tmp_path: Path) -> Path:
    """Set a home with secrets, and a folder of tokens in it."""
    settings.DSIPROUTER_HOME = tmp_path
    settings.DSIPROUTER_RPC_TOKEN_FOLDER = tmp_path / "rpc_tokens"
    (tmp_path / "credential_key").write_text("the key of all passwords\n")
    (tmp_path / "rpc_tokens").mkdir()
    (tmp_path / "rpc_tokens" / "edge").write_text("from a file\n")
    return tmp_path / "rpc_tokens"


def test_where_a_token_comes_from(folder: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.DSIPROUTER_RPC_TOKEN = TOKEN
    monkeypatch.setenv("DSIPROUTER_RPC_TOKEN_EDGE", "another")
    assert read_token("DSIPROUTER_RPC_TOKEN") == TOKEN
    assert read_token("DSIPROUTER_RPC_TOKEN_EDGE") == "another"
    assert read_token("edge") == "from a file"
    assert read_token(str(folder / "edge")) == "from a file", "as the last version stored it"
    (folder / "linked").symlink_to("edge")
    assert read_token("linked") == "from a file", "a link within the folder, as Kubernetes makes them"


SOURCES_ELSEWHERE = (
    "../credential_key",
    "/{home}/credential_key",
    "/{home}/rpc_tokens/../credential_key",
    "rpc_tokens/../../credential_key",
    "link_to_key",
    "link_to_home/credential_key",
    "/proc/self/environ",
    ".",
    "..",
    "",
    "DSIPROUTER_SECRET_KEY",
    "PATH",
)


@pytest.mark.parametrize("source", SOURCES_ELSEWHERE)
def test_nothing_outside_of_the_folder_is_read(source: str, folder: Path) -> None:
    """The form refuses it; and what got into the table past the form, as by an older version, is not sent either."""
    source = source.replace("/{home}", str(folder.parent))
    (folder / "link_to_key").symlink_to(folder.parent / "credential_key")
    (folder / "link_to_home").symlink_to(folder.parent)
    if source != "link_to_key":
        with pytest.raises(ValidationError, match="not the token"):
            validate_token_source(source)
    with http_node(results(core__version="5.6")) as server:
        node = KamailioNode(name="edge", rpc_url=server.url, token_from=source)
        with pytest.raises(NodeRefused):
            node.rpc().call("core.version")
        assert server.requests == []


@pytest.mark.parametrize("source", [TOKEN, "no-such-file", "relative/path", "edge\n", " edge", "-edge", "ed\0ge"])
def test_a_token_itself_or_a_file_that_is_not_there_is_refused(source: str, folder: Path) -> None:
    with pytest.raises(ValidationError, match=f"the name of a file that is in {folder}"):
        validate_token_source(source)


def test_a_path_in_the_folder_is_stored_as_its_name(folder: Path) -> None:
    validate_token_source(str(folder / "edge"))
    assert normal_token_source(str(folder / "edge")) == "edge"
    node = KamailioNode(name="edge", rpc_url="http://10.0.0.5:5062", token_from=str(folder / "edge"))
    node.full_clean(validate_unique=False, validate_constraints=False)
    assert node.token_from == "edge"


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe", b"one\ntwo", b"x" * 300])
def test_without_a_token_the_node_says_so_at_every_call(content: bytes | None, folder: Path) -> None:
    if content is not None:
        (folder / "token").write_bytes(content)
    with pytest.raises(TokenMissing):
        read_token("token")
    node = KamailioNode(name="edge", rpc_url="http://10.0.0.5:5062/RPC", token_from="token")
    with pytest.raises(NodeRefused, match=str(folder / "token")) as refused:
        node.rpc().call("core.version")
    assert "one" not in str(refused.value).replace("no one", "").split()


def test_a_missing_variable_is_named() -> None:
    with pytest.raises(TokenMissing, match="variable DSIPROUTER_RPC_TOKEN_NOWHERE of the site's environment"):
        read_token("DSIPROUTER_RPC_TOKEN_NOWHERE")


@pytest.mark.parametrize("where", [".", "..", "/"])
def test_a_folder_with_other_secrets_is_refused(where: str, folder: Path, settings: Settings) -> None:
    settings.DSIPROUTER_RPC_TOKEN_FOLDER = folder.parent / where
    (error,) = check_token_folder()
    assert "which has other secrets" in error.msg
    with pytest.raises(TokenMissing, match="which has other secrets"):
        read_token("credential_key")


def test_the_default_folder_is_fit() -> None:
    assert check_token_folder() == []
