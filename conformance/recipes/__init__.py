"""The parts of `recipes.py`: papers, run as they are written, and what goes on around them."""
