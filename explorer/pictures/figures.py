"""The Plotly figures of a Study, as plain dicts; each lives in a module of its own."""

from explorer.pictures.figure_channels import channel_growth
from explorer.pictures.figure_frontier import frontier
from explorer.pictures.figure_growth import growth
from explorer.pictures.figure_memory import live_bytes
from explorer.pictures.figure_parameters import parameters_per_layer

__all__ = ["channel_growth", "frontier", "growth", "live_bytes", "parameters_per_layer"]
