"""HTML pages in one file that opens anywhere, with tables, pictures and charts; and Markdown tables."""

from kdxf.io.pages.cells import Bar, Percent
from kdxf.io.pages.markdown import markdown_table
from kdxf.io.pages.pictures import Picture
from kdxf.io.pages.report import HTMLReport

__all__ = ["Bar", "HTMLReport", "Percent", "Picture", "markdown_table"]
