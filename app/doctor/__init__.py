"""What the doctor looks at, what it thinks of it, and what it may mend; one report."""
