# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""A Sphinx extension: equations as MathML, made when the site is built. Browsers show it without scripts or network."""

import re

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml

EMPTY_LINE = re.compile(r"\n\s*\n")
END_OF_ROW = r" \\\\ "


def visit_inline(translator, node):
    translator.body.append(tex2mathml(node.astext()))
    raise nodes.SkipNode


def visit_block(translator, node):
    text = node.astext()
    if "&" in text and "\\begin" not in text:  # aligned equations, with an empty line between each two
        text = f"\\begin{{aligned}}{EMPTY_LINE.sub(END_OF_ROW, text)}\\end{{aligned}}"
    translator.body.append(f'<div class="math">{tex2mathml(text, as_block=True)}</div>\n')
    raise nodes.SkipNode


def setup(app):
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    app.config.html_math_renderer = "mathml"
    return {"parallel_read_safe": True, "parallel_write_safe": True}
