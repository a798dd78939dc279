"""Prices as data: what models cost, when and who says so; it reads nothing."""
