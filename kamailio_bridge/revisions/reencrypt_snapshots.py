"""Re-encrypt the passwords in the revisions' snapshots when keys are rotated, so that no old key is needed."""

from __future__ import annotations

from carriers.reencrypt import rotated_state
from carriers.snapshots.state import CIPHERTEXTS, State, rows_of
from kamailio_bridge.revisions.models import Revision
from kamailio_bridge.revisions.state_bytes import pack


def reencrypt_snapshots() -> str:
    """Re-encrypt the passwords in all kept revisions with the newest key; one that can't be read stays as it is."""
    numbers = list(Revision.objects.with_snapshot().values_list("pk", flat=True))
    unreadable = 0
    for number in numbers:
        state = Revision.objects.get(pk=number).state()  # one at a time, because each may be large
        if state is not None:
            reencrypted = rotated_state(state)
            unreadable += bool(_ciphertexts(state) & _ciphertexts(reencrypted))
            kept = Revision.objects.with_snapshot().filter(pk=number)  # it may be dropped meanwhile
            kept.update(snapshot=pack(reencrypted))
    sentence = f"Revisions gone through for their passwords, too: {len(numbers)}."
    return f"{sentence} In {unreadable} of them some can't be read: their key is lost." if unreadable else sentence


def _ciphertexts(state: State) -> set[str]:
    """Return the ciphertexts of a state; a re-encrypted one is never the same."""
    return {
        ciphertext
        for model, column in CIPHERTEXTS.items()
        for _, ciphertext in rows_of(state, model, "id", column)
        if ciphertext
    }
