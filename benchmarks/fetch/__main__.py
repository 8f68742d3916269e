"""Command line of `make data`: python -m benchmarks.fetch [--name mendeley_inbreast] [--url URL | --file ZIP]."""

import argparse
import dataclasses
from pathlib import Path

import pooch

from benchmarks.errors import run_cli
from benchmarks.fetch.archives import ARCHIVES, fetch


def main() -> None:
    """Download a data set into the cache, verify its pixels and say where it lies."""
    parser = argparse.ArgumentParser(description="Download a data set into the cache and verify its pixels.")
    parser.add_argument("--name", choices=sorted(ARCHIVES), default="mendeley_inbreast")
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--url", help="another address of the same archive, such as a mirror")
    source.add_argument("--file", type=Path, help="the zip, downloaded by other means; it is copied into the cache")
    arguments = parser.parse_args()
    archive = ARCHIVES[arguments.name]
    path = fetch(dataclasses.replace(archive, url=arguments.url or archive.url), arguments.file)
    print(f"{path}: {path.stat().st_size:,} bytes, sha256 {pooch.file_hash(path)}.")
    print(f"All images are as published. Studies of {archive.name} find them without data=PATH.")


if __name__ == "__main__":
    run_cli(main)
