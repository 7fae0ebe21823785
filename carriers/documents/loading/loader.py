"""The steps of a load, one per kind of object, each in a constant number of queries.

The caller holds the transaction. All mistakes are collected; after the first one nothing is written, and the caller
rolls back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction

from carriers.carrier_history import delete_recorded, values_of
from carriers.documents.headers import match_headers
from carriers.documents.items import Document, Item, Problems, Values
from carriers.documents.loading.matching import match_endpoints, with_defaults
from carriers.documents.loading.routes import load_conditions, load_inbound_routes, load_outbound_routes
from carriers.documents.loading.storing import BATCH, by_owner, store
from carriers.documents.loading.values import ValueCheck
from carriers.documents.report import LoadReport
from carriers.documents.topics import set_secrets
from carriers.models import (
    PBX,
    AuthCredential,
    CarrierGroup,
    Condition,
    Endpoint,
    ExtraHeader,
    SourceNetwork,
)
from carriers.models.topics.registry import GROUP_TOPICS, PBX_TOPICS
from carriers.models.topics.topic import Topic, errors_of
from carriers.values.names import name_key

_TOPICS: dict[type[models.Model], tuple[Topic, ...]] = {CarrierGroup: GROUP_TOPICS, PBX: PBX_TOPICS}
Pair = tuple[Item, Any]


class Loader:
    """One load: the document, its mistakes and the report of what was done."""

    def __init__(
        self,
        document: Document,
        problems: Problems,
        report: LoadReport,
        *,
        prune: bool,
        advance: Callable[[int], object],
    ) -> None:
        self.document = document
        self.problems = problems
        self.report = report
        self.prune = prune
        self.advance = advance
        self._values = ValueCheck()

    def load(self) -> None:
        """Load the sections in the order in which they refer to each other."""
        groups = self.section(CarrierGroup, "name", self.document.carrier_groups, "carrier groups")
        self._endpoints(groups)
        self._sources(groups, "group_id")
        self._credentials(groups)
        self._headers(groups)
        pbxs = self.section(PBX, "name", self.document.pbxs, "PBXs")
        self._sources(pbxs, "pbx_id")
        superfluous = load_conditions(self)
        load_outbound_routes(self)
        load_inbound_routes(self)
        # Routes that no longer have a condition must not be deleted with it.
        self.delete(Condition, superfluous, "conditions")

    # --- Sections -----------------------------------------------------------------------------------------------------

    def section(
        self,
        model: type[models.Model],
        key: str,
        items: list[Item] | None,
        kind: str,
        *,
        superfluous: list[Any] | None = None,
    ) -> list[Pair]:
        """Find, create, change and prune the objects of one section; return each item with its object.

        Objects to prune are added to ``superfluous`` if it is given, and not deleted.
        """
        if items is None:
            return []
        stored = {name_key(getattr(found, key)): found for found in model._default_manager.order_by("pk")}
        pairs: list[Pair] = []
        seen = set()
        for item in items:
            name = name_key(str(item.values.get(key, "")))
            if key in item.values and name in seen:
                item.refuse(key, f"“{item.values[key]}” stands twice in this section.", self.problems)
            seen.add(name)
            found = stored.get(name) or model()
            set_secrets(found, item, self.problems)
            pairs.append((item, found))
            self.advance(1)
        if self.prune:
            gone = [found for name, found in stored.items() if name not in seen]
            if superfluous is None:
                self.delete(model, gone, kind)
            else:
                superfluous += gone
        try:
            with transaction.atomic():
                self.write(pairs, kind)
        except IntegrityError:
            if not self._refuse_taken(pairs, key):
                raise
        return pairs

    def _refuse_taken(self, pairs: list[Pair], key: str) -> bool:
        """Record each new name that the database refuses; return whether there was one."""
        refused = False
        for item, found in pairs:
            if found.pk is None:
                try:
                    with transaction.atomic():
                        found.save(force_insert=True)
                except IntegrityError:
                    sentence = f"“{item.values[key]}” is taken, or differs from another one in case or accents only."
                    item.refuse(key, sentence, self.problems)
                    refused = True
        return refused

    def write(self, pairs: Iterable[Pair], kind: str) -> None:
        """Assign the values, check the objects, and store the new and the changed ones."""
        new, changed, unchanged = [], [], 0
        for item, found in pairs:
            before = {} if found.pk is None else values_of(found)
            differs = _assign(found, item.values)
            self._check(item, found)
            if found.pk is None:
                new.append(found)
            elif differs or item.lists_changed:
                changed.append((found, before))
            else:
                unchanged += 1
        if self.problems.sentences:
            return
        count = self.report.counts[kind]
        count.created += len(new)
        count.changed += len(changed)
        count.unchanged += unchanged
        store(new, changed)

    def _check(self, item: Item, found: models.Model) -> None:
        """Check single values; constraints across objects are checked elsewhere."""
        for name, error in self._values.clean(found, exclude=item.refused):
            self.problems.add_error(item.place_of(name), error)
        if isinstance(found, AuthCredential):
            self._check_whole(item, found)
        for name, error in errors_of(found, _TOPICS.get(type(found), ())).items():
            if name not in item.refused:
                self.problems.add_error(item.place_of(name), error)

    def _check_whole(self, item: Item, found: AuthCredential) -> None:
        """Check what several values of a credential must be together."""
        try:
            found.clean()
        except ValidationError as refusal:
            for name, error in refusal.error_dict.items():
                if name not in item.refused:
                    self.problems.add_error(item.place_of(name), ValidationError(error))

    def delete(self, model: type[models.Model], superfluous: list[Any], kind: str) -> None:
        if superfluous and not self.problems.sentences:
            self.report.counts[kind].deleted += sorted(str(found) for found in superfluous)
            for start in range(0, len(superfluous), BATCH):
                keys = [found.pk for found in superfluous[start : start + BATCH]]
                delete_recorded(model._default_manager.filter(pk__in=keys))

    # --- What belongs to a group or a PBX -----------------------------------------------------------------------------

    def _endpoints(self, groups: list[Pair]) -> None:
        stored = by_owner(Endpoint.objects.order_by("position", "pk"), "group_id")
        pairs: list[Pair] = []
        superfluous: list[Endpoint] = []
        for item, group in groups:
            if item.endpoints is None:
                continue
            matched, left = match_endpoints(item.endpoints, stored.get(group.pk, []))
            superfluous += left
            for position, (each, endpoint) in enumerate(matched, start=1):
                each.values = {**with_defaults(Endpoint, each.values), "position": position, "group_id": group.pk}
                pairs.append((each, endpoint))
        self.delete(Endpoint, superfluous, "endpoints")
        self.write(pairs, "endpoints")

    def _sources(self, owners: list[Pair], owner: str) -> None:
        stored = by_owner(SourceNetwork.objects.order_by("pk"), owner)
        pairs: list[Pair] = []
        superfluous: list[SourceNetwork] = []
        for item, found in owners:
            if item.sources is None:
                continue
            present = {source.network: source for source in stored.get(found.pk, [])}
            superfluous += [source for network, source in present.items() if network not in item.sources]
            for network in item.sources:
                values = {owner: found.pk, "network": network}
                pairs.append((Item(f"{item.place}: sources", values), present.get(network) or SourceNetwork()))
        self.delete(SourceNetwork, superfluous, "source networks")
        self.write(pairs, "source networks")

    def _credentials(self, groups: list[Pair]) -> None:
        stored = {credential.group_id: credential for credential in AuthCredential.objects.all()}
        pairs: list[Pair] = []
        superfluous = [stored[group.pk] for item, group in groups if item.removes_credential and group.pk in stored]
        for item, group in groups:
            if item.credential is not None:
                credential = stored.get(group.pk) or AuthCredential()
                item.credential.values["group_id"] = group.pk
                self._password(item.credential, credential)
                pairs.append((item.credential, credential))
        self.delete(AuthCredential, superfluous, "credentials")
        self.write(pairs, "credentials")

    def _headers(self, groups: list[Pair]) -> None:
        stored = by_owner(ExtraHeader.objects.order_by("pk"), "group_id")
        pairs: list[Pair] = []
        superfluous: list[ExtraHeader] = []
        for item, group in groups:
            if item.headers is not None:
                present = stored.get(group.pk, [])
                matched = match_headers(item.headers, present, self.problems)
                kept = [header.pk for _, header in matched]
                superfluous += [header for header in present if header.pk not in kept]
                for each, _ in matched:
                    each.values["group_id"] = group.pk
                pairs += matched
        self.delete(ExtraHeader, superfluous, "extra headers")
        self.write(pairs, "extra headers")

    def _password(self, item: Item, stored: AuthCredential) -> None:
        """Set a new password. A missing or unchanged password leaves the stored one as it is."""
        if item.password is None:
            if not stored.has_password and "password" not in item.refused:
                item.refuse("password", "a new credential needs a password.", self.problems)
        elif not stored.password_is(item.password):
            new = AuthCredential()
            try:
                new.set_password(item.password)
            except ValidationError as error:
                item.refuse("password", " ".join(error.messages), self.problems)
            item.values["password_ciphertext"] = new.password_ciphertext

    def names(self, model: type[models.Model], items: list[Item] | None) -> dict[str, int | None]:
        """Return key by name of the objects that a route may name, refused ones of the document included."""
        names: dict[str, int | None] = {name_key(str(item.values.get("name", ""))): None for item in items or []}
        for pk, name in model._default_manager.values_list("pk", "name"):
            names[name_key(name)] = pk
        return names

    def find(self, known: dict[str, int | None], name: str, place: str, noun: str) -> int | None:
        if name_key(name) not in known:
            self.problems.add(place, f"there is no {noun} “{name[:64]}”.")
        return known.get(name_key(name))


def _assign(found: models.Model, values: Values) -> bool:
    """Set the values; return whether any changed."""
    differs = False
    for name, value in values.items():
        if getattr(found, name) != value:
            setattr(found, name, value)
            differs = True
    return differs
