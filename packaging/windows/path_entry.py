"""Put Homeport's folder on PATH, or take it away: `path_entry.py add|remove machine|user FOLDER`.

The setup program calls this, since NSIS cuts a text after 1,024 characters, and a PATH may be longer.
"""

from __future__ import annotations

import sys

_KEYS = {
    "machine": r"SYSTEM\CurrentControlSet\Control\Session Manager\Environment",
    "user": "Environment",
}
_HWND_BROADCAST, _WM_SETTINGCHANGE, _SMTO_ABORTIFHUNG = 0xFFFF, 0x1A, 0x2


def with_folder(path: str, folder: str) -> str:
    """The PATH with the folder at its end; unchanged if it is there."""
    if any(_same(entry, folder) for entry in path.split(";")):
        return path
    return f"{path}{'' if not path or path.endswith(';') else ';'}{folder}"


def without_folder(path: str, folder: str) -> str:
    """The PATH without the folder, every other entry as a person wrote it."""
    return ";".join(entry for entry in path.split(";") if not _same(entry, folder))


def _same(entry: str, folder: str) -> bool:
    def plain(path: str) -> str:
        return path.strip().strip('"').rstrip("\\").lower()

    return plain(entry) == plain(folder)


def main(argv: list[str]) -> int:
    what, who, folder = argv
    if sys.platform != "win32":
        raise RuntimeError("PATH is in the registry on Windows only")
    import winreg  # noqa: PLC0415 - Windows' own

    root = winreg.HKEY_LOCAL_MACHINE if who == "machine" else winreg.HKEY_CURRENT_USER
    with winreg.OpenKey(root, _KEYS[who], 0, winreg.KEY_READ | winreg.KEY_WRITE) as key:
        try:
            before, kind = winreg.QueryValueEx(key, "Path")
        except FileNotFoundError:  # a person need not have a PATH of their own
            before, kind = "", winreg.REG_EXPAND_SZ
        if kind not in (winreg.REG_SZ, winreg.REG_EXPAND_SZ):
            print("PATH is no text in the registry; it is left as it is", file=sys.stderr)
            return 1
        after = with_folder(before, folder) if what == "add" else without_folder(before, folder)
        if after == before:
            return 0
        if after:
            winreg.SetValueEx(key, "Path", 0, kind, after)
        else:  # it was ours alone
            winreg.DeleteValue(key, "Path")
    _tell_everybody()
    return 0


def _tell_everybody() -> None:
    """New consoles see it without a new log-on; learn.microsoft.com, WM_SETTINGCHANGE (read 2026-11-21)."""
    if sys.platform == "win32":
        import ctypes  # noqa: PLC0415

        ctypes.WinDLL("user32").SendMessageTimeoutW(
            _HWND_BROADCAST,
            _WM_SETTINGCHANGE,
            0,
            ctypes.c_wchar_p("Environment"),
            _SMTO_ABORTIFHUNG,
            5000,
            None,
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
