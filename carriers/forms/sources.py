"""The rows of the source networks of a carrier group or a PBX."""

from __future__ import annotations

from django import forms

from carriers.forms.formsets import DistinctFormSet
from carriers.models import SourceNetwork
from carriers.values.addresses import clean_network


class SourceNetworkForm(forms.ModelForm):
    """One source network, normalised before it is compared with the other rows."""

    class Meta:
        model = SourceNetwork
        fields = ("network",)

    def clean_network(self) -> str:
        return clean_network(self.cleaned_data["network"])


class SourceNetworkFormSet(DistinctFormSet):
    """The source networks of one owner, each once."""

    distinct_fields = ("network",)
    is_unique = True
    duplicate_message = "This network stands here twice: delete one."
