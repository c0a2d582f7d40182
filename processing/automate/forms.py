"""What a saved pipeline is called."""

from __future__ import annotations

from django import forms


class DetailsForm(forms.Form):
    use_required_attribute = False  # the server says it, beside the field

    name = forms.CharField(
        max_length=100,
        error_messages={"required": "Give it a name."},
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off"}),
    )
    description = forms.CharField(
        required=False,
        max_length=500,
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off", "placeholder": "Optional"}),
    )
