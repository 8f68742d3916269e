"""Numbers -> pages: the HTML and LaTeX report, rendered from tables and figures alone."""
