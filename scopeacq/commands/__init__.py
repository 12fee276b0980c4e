"""Groups of commands. Help stays quick: each command imports what it needs when it runs."""
