"""The wizard's pages in Qt: they draw a flow and hand on what a person does."""
