"""All that can be trained, by name."""

from __future__ import annotations

from models.training.blur_recipe import BLUR_RECIPE
from models.training.flagship import FLAGSHIP_RECIPE
from models.training.section_recipes import SECTION_RECIPES
from models.training.source_recipes import SOURCE_RECIPES

RECIPES = {
    recipe.name: recipe
    for recipe in (FLAGSHIP_RECIPE, BLUR_RECIPE, *SECTION_RECIPES, *SOURCE_RECIPES.values())
}
