"""Widgets look the same whichever templates render them."""

from __future__ import annotations

import re

import pytest
from django import forms
from django.forms.renderers import DjangoTemplates

from carriers.forms.add_group import AddCarrierGroupForm
from carriers.forms.endpoints import EndpointForm
from dsiprouter.admin_site.form_renderer import WidgetsByJinja2

pytestmark = pytest.mark.django_db

SCRIPT = "<script>alert('1 & 2')</script>"


class EveryKind(forms.Form):
    text = forms.CharField(initial=SCRIPT, help_text="help", label=f"label {SCRIPT}")
    many = forms.MultipleChoiceField(choices=[("a", SCRIPT), ("b", "B")], widget=forms.CheckboxSelectMultiple)
    grouped = forms.ChoiceField(choices=[("one", [("1", "<1>")]), ("2", "2")], initial="2")
    radio = forms.ChoiceField(choices=[("1", "<1>"), ("2", "2")], widget=forms.RadioSelect)
    long = forms.CharField(widget=forms.Textarea, initial=f"\n{SCRIPT}")
    moment = forms.SplitDateTimeField(required=False)
    hidden = forms.IntegerField(initial=12345, widget=forms.HiddenInput)
    password = forms.CharField(widget=forms.PasswordInput(attrs={"title": '"&"', "data-x": 7, "disabled": True}))


@pytest.mark.parametrize("form_class", [EveryKind, EndpointForm, AddCarrierGroupForm])
@pytest.mark.parametrize("data", [None, {}, {"text": SCRIPT, "many": "x", "host": SCRIPT, "name": SCRIPT}])
def test_both_render_the_same(form_class: type[forms.Form], data: dict[str, str] | None) -> None:
    ours, djangos = (
        _without_blanks(str(form_class(data, renderer=renderer))) for renderer in (WidgetsByJinja2(), DjangoTemplates())
    )
    assert ours == djangos
    assert SCRIPT not in ours
    assert "<input" in ours


def _without_blanks(html: str) -> str:
    html = html.replace("&#39;", "&#x27;").replace("&#34;", "&quot;")  # two ways to write a quotation mark
    return re.sub(r"\s*([<>])\s*", r"\1", re.sub(r"[ \t]+", " ", html))
