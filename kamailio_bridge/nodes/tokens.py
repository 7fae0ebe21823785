"""Sources of RPC tokens of nodes: an environment variable for tokens, or a file in the folder of tokens.

The author of a node decides where its token is sent. So only tokens may be named: no other variable (the secret key!)
and no other file that the site can read.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ValidationError

OWN_TOKEN = "DSIPROUTER_RPC_TOKEN"  # noqa: S105 - the name of a variable
VARIABLE = re.compile(rf"{OWN_TOKEN}(_[A-Z0-9_]+)?")
FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
MAX_TOKEN = 256  # characters; a longer file is no token


class TokenMissing(Exception):
    """A node's token can't be read. ``str()`` is a sentence for the operator."""


def folder_problem() -> str:
    """Return in one sentence why ``DSIPROUTER_RPC_TOKEN_FOLDER`` can't be the folder of tokens, or an empty text.

    The home folder and those above it contain secrets that are no tokens.
    """
    folder, home = _folder(), Path(settings.DSIPROUTER_HOME).resolve()
    if home.is_relative_to(folder):
        return f"DSIPROUTER_RPC_TOKEN_FOLDER is {folder}, which has other secrets: name a folder with tokens only."
    return ""


def normal_token_source(value: str) -> str:
    """Return the bare name of a file that is given with its path in the folder of tokens."""
    path = Path(value)
    return path.name if path.is_absolute() and path.parent.resolve() == _folder() else value


def validate_token_source(value: str) -> None:
    """Accept the name of a variable for tokens, or of an existing file in the folder of tokens.

    The file must exist: a token itself, which must not be stored, looks like a name as well.
    """
    if VARIABLE.fullmatch(value):
        return
    name = normal_token_source(value)
    if not FILE_NAME.fullmatch(name) or not (_folder() / name).is_file():
        raise ValidationError(
            f"Enter where the token is, not the token: the variable {OWN_TOKEN}, one whose name begins with"
            f" {OWN_TOKEN}_, or the name of a file that is in {_folder()}."
        )


def read_token(source: str) -> str:
    """Return the token from its source. Raises ``TokenMissing``."""
    if source == OWN_TOKEN:
        return str(settings.DSIPROUTER_RPC_TOKEN)  # which may also come from .env or the home folder
    if VARIABLE.fullmatch(source):
        token = os.environ.get(source, "")
        where = f"the variable {source} of the site's environment"
    else:
        path = _file(source)
        token = _first_line(path)
        where = f"the file {path}"
    if not token or len(token) > MAX_TOKEN or not token.isprintable():
        raise TokenMissing(f"There is no token in {where}: write it there, or change the node's “token from”.")
    return token


def _folder() -> Path:
    return Path(settings.DSIPROUTER_RPC_TOKEN_FOLDER).resolve()


def _file(source: str) -> Path:
    """Return the path of a token file; a symbolic link must stay inside the folder. Raises ``TokenMissing``."""
    if problem := folder_problem():
        raise TokenMissing(problem)
    folder = _folder()
    path = (folder / normal_token_source(source)).resolve()
    if not path.is_relative_to(folder) or path == folder:
        raise TokenMissing(
            f"The node's “token from” is {source}, which is outside {folder}: move the file there and enter its name,"
            " or set DSIPROUTER_RPC_TOKEN_FOLDER to the folder that it is in."
        )
    return path


def _first_line(path: Path) -> str:
    try:
        if path.exists() and not path.is_file():
            raise TokenMissing(f"The node's token can't be read from {path}: it is no file.")
        with path.open(encoding="utf-8") as file:
            text = file.read(MAX_TOKEN + 2)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise TokenMissing(f"The node's token can't be read from the file {path}: {reason}.") from None
    return text.strip()
