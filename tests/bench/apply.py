"""How long an apply takes, from the button to verified on the node, beside the node's own reloads alone."""

from __future__ import annotations

import sys
from collections.abc import Callable

from tests.bench.figures import Row, hand_over, median, repeated, seconds
from tests.bench.instance import ENDPOINTS_PER_GROUP, fill, kamailio, prepare

TITLE = "Plan and apply, beside the node's own dispatcher.reload and dispatcher.list"
SIZES = (1_000, 10_000, 100_000)  # endpoints
REPETITIONS = 5


def main(endpoints: int) -> None:
    prepare()
    from django.db.models import F  # noqa: PLC0415 - Django is set up only now

    from carriers.models import Endpoint  # noqa: PLC0415
    from carriers.snapshots.records import read_carriers  # noqa: PLC0415
    from kamailio_bridge.apply.operations import apply  # noqa: PLC0415
    from kamailio_bridge.modules import selected_modules  # noqa: PLC0415
    from kamailio_bridge.nodes.node import Node  # noqa: PLC0415
    from kamailio_bridge.plan.make import make_plan  # noqa: PLC0415

    fill(endpoints // ENDPOINTS_PER_GROUP)
    keys = list(Endpoint.objects.order_by("pk").values_list("pk", flat=True))
    with kamailio(children=1, shared_memory=1024) as process:
        node = Node("bench", process.parameters.rpc(timeout=120))

        def press() -> None:
            result = apply(author=None, nodes=[node])
            if result.outcome != "verified":
                raise RuntimeError(result.sentence)

        def reload_alone() -> None:
            node.rpc.call("dispatcher.reload")
            node.rpc.call("dispatcher.list")

        def stored() -> None:
            for module in selected_modules():
                for each in module.tables:
                    each.stored()

        def applied(change: Callable[[], object]) -> float:
            change()
            return seconds(press)

        some = set(keys[:: max(1, len(keys) // 1000)][:1000])
        first = seconds(press)
        one = [
            applied(lambda: Endpoint.objects.filter(pk=keys[len(keys) // 2]).update(strip=(F("strip") + 1) % 20))
            for _ in range(REPETITIONS)
        ]
        alone = median(repeated(reload_alone, REPETITIONS))
        many = [
            applied(lambda: Endpoint.objects.filter(pk__in=some).update(strip=(F("strip") + 1) % 20)) for _ in range(3)
        ]
        plan = median(repeated(make_plan, REPETITIONS))
        read = median(repeated(read_carriers, REPETITIONS))
        tables = median(repeated(stored, REPETITIONS))
    row: Row = {
        "endpoints": endpoints,
        "node alone, s": alone,
        "apply of 1 change, s": median(one),
        "ratio": median(one) / alone,
        "apply of 1,000 changes, s": median(many),
        "first apply, s": first,
        "of it: plan, s": plan,
        "… reading carriers, s": read,
        "… reading tables, s": tables,
        "… the rest (write, reload, verify, record), s": median(one) - plan,
    }
    hand_over([row])


if __name__ == "__main__":
    main(int(sys.argv[1]))
