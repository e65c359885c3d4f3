"""Packages of PyPI and npm for the tests, pinned with their hashes and kept under build/.

Both give None where the packages cannot be had: with PAWL_NO_NETWORK=1, or where a registry refuses them (then the reason is printed).
"""
import hashlib
import os
import shutil
import subprocess
import sys
import venv

from pawl import ROOT


def place_for(name, lock):
    """(the folder under build/ for what this file locks, whether it is filled)"""
    with open(lock, "rb") as file:
        place = os.path.join(ROOT, "build", f"{name}-{hashlib.sha256(file.read()).hexdigest()[:12]}")
    return place, os.path.exists(os.path.join(place, "ready"))


def filled(place, *words, **more):
    """Runs what fills a folder; whether it did."""
    ran = subprocess.run(words, capture_output=True, text=True, check=False, timeout=900, **more)
    if ran.returncode != 0:
        print(f"  {' '.join(words[:4])} …: {ran.stderr[-600:]}")
        return False
    open(os.path.join(place, "ready"), "w", encoding="utf-8").close()
    return True


def python_with(name, lock):
    """A Python in build/NAME-… that has what a requirements file with hashes locks (tests/lock.py writes it)."""
    place, ready = place_for(f"{name}-{sys.version_info[0]}{sys.version_info[1]}", lock)
    python = os.path.join(place, "bin/python")
    if not ready:
        if os.environ.get("PAWL_NO_NETWORK") == "1":
            return None
        venv.create(place, with_pip=True, clear=True)
        if not filled(place, python, "-m", "pip", "install", "-q", "--require-hashes", "--no-deps", "--no-compile", "-r", lock):
            return None
    return python


def node_with(name, folder):
    """A folder build/NAME-… with the modules that FOLDER/package-lock.json locks, and FOLDER's programs."""
    place, ready = place_for(name, os.path.join(folder, "package-lock.json"))
    if not ready:
        if os.environ.get("PAWL_NO_NETWORK") == "1":
            return None
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(folder, place)
        if not filled(place, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=place):
            return None
    for one in os.listdir(folder):
        if one.endswith((".mjs", ".cjs")):
            shutil.copy(os.path.join(folder, one), place)
    return place
