# What the rules of analysis share.


def tables(names, category, caption):
    """tables/<name>.csv as outputs that `snakemake --report` shows."""
    shown = {"category": category, "subcategory": "Tables", "caption": str(CODE / f"reports/captions/{caption}.rst")}
    return [report(RESULTS / f"tables/{name}.csv", labels={"table": name}, **shown) for name in names]
