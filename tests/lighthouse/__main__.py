"""What `scripts/lighthouse` runs: Lighthouse over the site as a publication would look.

Its four scores, as on a slow phone, must be 95 or more on each page.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from kshare_docs.article.verify_script import script_files
from kshare_docs.article.views import render_view
from kshare_docs.history.capture_set import read_sets
from kshare_docs.history.kernels import judge_sets
from kshare_docs.pages.project import read_project
from kshare_docs.run.runner import run
from kshare_docs.site.build import build_site
from kshare_docs.site.lookup import Lookup

from ..browser.chromium import find_chromium, own_flags
from ..browser.server import serving

ROOT = Path(__file__).parent.parent.parent

LEAST = 95

PAGES = ("", "vms/", "namespaces/", "ledger/", "en/", "en/verify/")

TRIES = 3
"""The speed of a busy machine varies: the best of so many counts."""


def build_as_published(folder: Path) -> None:
    """The site with a publication's marks. Without a statement it can be taken for none."""
    project = read_project(ROOT)
    sets, _ = read_sets(ROOT)
    kernels = judge_sets(sets, project.examples, publication=True)
    report = run(project)
    lookup = Lookup(ROOT, render_view, report, kernels=kernels, final=True, publication=True)
    if faults := build_site(lookup, folder, script_files):
        sys.exit("\n".join(map(str, faults)))


def scores(modules: Path, address: str) -> tuple[dict[str, int], list[str]]:
    """The scores of one page, and the audits that cost points."""
    command = ["node", modules / "lighthouse" / "cli" / "index.js", address]
    command += ["--output=json", "--quiet", "--disable-full-page-screenshot"]
    command += ["--only-categories=performance,accessibility,best-practices,seo"]
    command.append(f"--chrome-flags={' '.join(['--headless=new', *own_flags()])}")
    environment = {**os.environ, "CHROME_PATH": find_chromium() or "chromium"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"lighthouse could not look at {address}:\n{done.stderr}")
    said: dict[str, Any] = json.loads(done.stdout)
    lost = [
        f"{audit['id']}: {audit['title']} {audit.get('displayValue', '')}".strip()
        for category in said["categories"].values()
        for reference in category["auditRefs"]
        if reference["weight"] and (audit := said["audits"][reference["id"]])["score"] is not None
        if audit["score"] < 0.9
    ]
    return {name: round(c["score"] * 100) for name, c in said["categories"].items()}, lost


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/lighthouse", description=__doc__)
    parser.add_argument("modules", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("pages", nargs="*", default=PAGES, metavar="PAGE")
    options = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as address:
        # An address is part of what is looked at: canonical links, the sitemap, pictures.
        os.environ |= {"KSHARE_SITE_URL": address, "KSHARE_SITE_URL_EN": f"{address}en/"}
        build_as_published(Path(folder))
        for page in options.pages:
            best: dict[str, int] = {}
            for _ in range(TRIES):
                found, lost = scores(options.modules, address + page)
                best = {name: max(score, best.get(name, 0)) for name, score in found.items()}
                if min(best.values()) >= LEAST:
                    break
            row = "  ".join(f"{name} {score}" for name, score in best.items())
            sys.stdout.write(f"/{page}: {row}\n")
            if min(best.values()) < LEAST:
                failed = True
                if (load := os.getloadavg()[0]) > (os.cpu_count() or 1):
                    sys.stdout.write(f"    the machine is busy: load {load:.0f}\n")
                sys.stdout.writelines(f"    {line}\n" for line in lost)
            sys.stdout.flush()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
