"""Kramers-Kronig: is a spectrum the response of a linear, stable, causal system?"""

from eisfit.validity.hilbert import HilbertScore, hilbert_score
from eisfit.validity.linkk import KKResult, kramers_kronig_spectrum
from eisfit.validity.zhit import ZHit, z_hit

__all__ = [
    "HilbertScore",
    "KKResult",
    "ZHit",
    "hilbert_score",
    "kramers_kronig_spectrum",
    "z_hit",
]
