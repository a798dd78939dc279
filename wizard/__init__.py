"""Plans and applies edits to other programs' files, only after a yes."""
