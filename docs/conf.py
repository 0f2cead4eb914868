"""Configuration of the Sphinx documentation."""

import re
from pathlib import Path

import sklearn_gru

project = "sklearn-gru"
author = "The sklearn-gru developers"
project_copyright = author
release = version = sklearn_gru.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "numpydoc",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
]
# Copied examples have neither prompts nor output.
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
exclude_patterns = ["_build", "_templates"]
templates_path = ["_templates"]
default_role = "code"
# A role that leads nowhere is an error.
nitpicky = True
smartquotes = False
# On a class's own page its methods need not name it.
toc_object_entries_show_parents = "hide"

autosummary_generate = True
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings say it
# The template lists methods itself; `Attributes` come from the docstrings.
numpydoc_show_class_members = False

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"[\\/]plot_",
    "ignore_pattern": r"^(demo|_table|_dates)\.py$",
    "within_subsection_order": "FileNameSortKey",
    "backreferences_dir": "api/generated",
    "doc_module": ("sklearn_gru",),
    "reference_url": {"sklearn_gru": None},
    "download_all_examples": False,
    "capture_repr": ("_repr_html_",),
    "show_memory": False,
    "write_computation_times": False,
    "show_signature": False,
    "remove_config_comments": True,
}

# Names of other packages that pages link to. The files list them, with their kinds and
# pages; they are in git, so that a build needs no network.
intersphinx_mapping = {
    name: (address, f"inventories/{name}.txt")
    for name, address in {
        "accelerate": "https://huggingface.co/docs/accelerate/",
        "numpy": "https://numpy.org/doc/stable/",
        "python": "https://docs.python.org/3/",
        "sklearn": "https://scikit-learn.org/stable/",
        "skorch": "https://skorch.readthedocs.io/en/stable/",
        "sktime": "https://www.sktime.net/en/stable/",
        "torch": "https://docs.pytorch.org/docs/stable/",
    }.items()
}

html_theme = "pydata_sphinx_theme"
html_title = "sklearn-gru"
html_show_sourcelink = False
html_static_path = ["_static"]
html_css_files = ["custom.css"]
html_sidebars = {"index": [], "architecture": []}
html_theme_options = {
    "navbar_align": "left",
    "secondary_sidebar_items": ["page-toc"],
    "show_prev_next": True,
    "footer_start": ["copyright"],
    "footer_end": [],
    "show_version_warning_banner": False,
}

# What is documented although base classes of scikit-learn or sktime define it.
OF_BASE_CLASSES = {
    "sklearn": {"fit_transform", "get_feature_names_out"},
    "sktime": {
        "fit",
        "predict",
        "predict_interval",
        "predict_quantiles",
        "pretrain",
        "update",
    },
    "skbase": set(),
}


def skip_inherited(app, what, name, obj, skip, options):
    """Leave out what base classes of other packages add to every estimator."""
    function = getattr(obj, "fget", None) or obj  # a property has no module
    origin = (getattr(function, "__module__", None) or "").partition(".")[0]
    if name == "get_test_params" or name not in OF_BASE_CLASSES.get(origin, {name}):
        return True
    return None


def read_as_rst(app, what, name, obj, options, lines):
    """Make docstrings, written to be read as they are, valid reStructuredText."""
    text = "\n".join(lines)
    text = re.sub(r"\\\n\s*", "", text)  # a backslash continues a line
    text = re.sub(r"(?<=\()(\w+_)(?=,\))", r"``\1``", text)  # (n_features_in_,)
    text = re.sub(r":term:`([^`<]+)[^`]*`", r"``\1``", text)  # of sktime's glossary
    lines[:] = text.split("\n")


def list_pages_for_machines(app, exception):
    """Write llms.txt: what the package is, and all pages with their titles."""
    if exception is not None or app.builder.format != "html":
        return
    lines = [f"# {project}", "", f"> {sklearn_gru.__doc__.strip()}", "", "## Pages", ""]
    for page, title in sorted(app.env.titles.items()):
        lines.append(f"- [{title.astext()}]({app.builder.get_target_uri(page)})")
    Path(app.outdir, "llms.txt").write_text("\n".join([*lines, ""]))


def setup(app):
    app.connect("build-finished", list_pages_for_machines)
    app.connect("autodoc-skip-member", skip_inherited)
    app.connect("autodoc-process-docstring", read_as_rst, priority=100)
