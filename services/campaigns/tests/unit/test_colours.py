"""Contrast as WCAG reckons it."""

import pytest

from campaigns.domain.colours import LEAST_CONTRAST, contrast


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#ffffff", "#ffffff", 1.0),
        ("#777777", "#ffffff", 4.48),  # the well-known grey that just fails
        ("#767676", "#ffffff", 4.54),
        ("#ff0000", "#ffffff", 4.0),
    ],
)
def test_contrast_is_that_of_the_standard(one, other, ratio):
    assert contrast(one, other) == contrast(other, one)
    assert round(contrast(one, other), 2) == ratio
    assert (ratio >= LEAST_CONTRAST) == (contrast(one, other) >= LEAST_CONTRAST)
