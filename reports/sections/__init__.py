"""The sections of the report, one file each: from a study's tables to blocks of text, tables and figures."""
