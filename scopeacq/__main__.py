"""``python -m scopeacq``: the same as the console script."""

from scopeacq.cli import main

if __name__ == "__main__":
    main()
