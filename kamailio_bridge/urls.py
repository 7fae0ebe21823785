"""The URLs under ``/admin/kamailio/`` that the admin site adds for Kamailio. Each view is wrapped in ``admin_view``."""

from __future__ import annotations

from django.contrib.admin import AdminSite
from django.urls import URLPattern, path, register_converter
from django.urls.converters import IntConverter

from kamailio_bridge.views import drift, nodes, preview, probes, questions, registrations, reload, roll_back


class KeyConverter(IntConverter):
    """A number in the range of our keys; more digits are a 404."""

    regex = "[0-9]{1,9}"


register_converter(KeyConverter, "key")


def admin_urls(site: AdminSite) -> list[URLPattern]:
    """Return the bridge's URLs, for ``AdminSite.get_urls``; ``admin_view`` requires a login of staff."""
    return [
        path("kamailio/reload/", site.admin_view(reload.reload), name="reload_kamailio"),
        path("kamailio/waiting/", site.admin_view(preview.preview), name="waiting_changes"),
        path("kamailio/waiting/count/", site.admin_view(reload.pending_count), name="waiting_count"),
        path(
            "kamailio/revisions/<key:number>/roll-back/",
            site.admin_view(roll_back.roll_back_to),
            name="roll_back_to_revision",
        ),
        path("kamailio/nodes/retry/", site.admin_view(nodes.retry_nodes), name="retry_nodes"),
        path("kamailio/nodes/<key:pk>/take-over/", site.admin_view(nodes.fail_over_node), name="take_over_node"),
        path("kamailio/nodes/<key:pk>/enable/", site.admin_view(nodes.enable_node), name="enable_node"),
        path("kamailio/nodes/<str:name>/now/", site.admin_view(nodes.node_now), name="node_now"),
        path("kamailio/drift/", site.admin_view(drift.drift), name="drift"),
        path("kamailio/drift/nodes/", site.admin_view(drift.drift_of_nodes), name="drift_of_nodes"),
        path("kamailio/drift/put-back/", site.admin_view(drift.restore), name="put_back"),
        path("kamailio/drift/take-over/", site.admin_view(drift.accept), name="take_over"),
        path("kamailio/route/", site.admin_view(questions.route_test), name="route_test"),
        path("kamailio/who-is/", site.admin_view(questions.who_is), name="who_is"),
        path("kamailio/registrations/", site.admin_view(registrations.registrations), name="registrations"),
        path("kamailio/test/endpoint/<key:pk>/", site.admin_view(probes.endpoint), name="test_endpoint"),
        path("kamailio/test/realm/<key:pk>/", site.admin_view(probes.realm), name="ask_realm"),
        path("kamailio/test/credential/<key:pk>/", site.admin_view(probes.credential), name="test_credential"),
    ]
