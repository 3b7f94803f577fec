"""Measurements, each beside the peer it is measured against; ``make bench`` runs them."""
