"""What the README's figures come from. Each prints its table; none is a timed test."""
