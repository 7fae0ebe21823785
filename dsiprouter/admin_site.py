"""The built-in admin site, under the product's name."""

from django.contrib.admin import AdminSite


class DsiprouterAdminSite(AdminSite):
    site_title = "dSIPRouter"
    site_header = "dSIPRouter"
    index_title = "Carriers and routing"
