"""Completion scripts, made from the parser: commands and options, and files after `-c`."""

from __future__ import annotations

import argparse
from collections.abc import Mapping


def script(shell: str, parser: argparse.ArgumentParser) -> str:
    """A script for one shell; where to put it is its first line."""
    return _SHELLS[shell](_words(parser))


def _words(parser: argparse.ArgumentParser) -> dict[str, tuple[str, list[str]]]:
    """For each command: its help, and the words that may follow it."""
    [commands] = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]  # noqa: SLF001
    helps = {action.dest: action.help or "" for action in commands._choices_actions}  # noqa: SLF001
    found: dict[str, tuple[str, list[str]]] = {}
    for name, sub in commands.choices.items():
        words = [o for a in sub._actions for o in a.option_strings if o.startswith("--")]  # noqa: SLF001
        words += [str(choice) for a in sub._actions for choice in a.choices or ()]  # noqa: SLF001
        found[name] = (helps.get(name, ""), words)
    return found


def _bash(words: Mapping[str, tuple[str, list[str]]]) -> str:
    cases = "\n".join(f"    {name}) words='{' '.join(rest)}' ;;" for name, (_, rest) in words.items())
    return f"""# eval "$(homeport completion bash)", in ~/.bashrc
_homeport() {{
  local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}} words command=""
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    case $word in {"|".join(words)}) command=$word ;; esac
  done
  case $prev in -c|--config) COMPREPLY=($(compgen -f -- "$cur")); return ;; esac
  case $command in
    "") words='{" ".join(words)} --config --version --help' ;;
{cases}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}}
complete -F _homeport homeport
"""


def _zsh(words: Mapping[str, tuple[str, list[str]]]) -> str:
    commands = "\n".join(f"    '{name}:{_quoted(text)}'" for name, (text, _) in words.items())
    cases = "\n".join(f"    {name}) compadd -- {' '.join(rest)} ;;" for name, (_, rest) in words.items())
    return f"""# eval "$(homeport completion zsh)", in ~/.zshrc after compinit
_homeport() {{
  local -a commands=(
{commands}
  )
  if [[ ${{words[CURRENT-1]}} == (-c|--config) ]]; then _files; return; fi
  local command=${{words[(r)({"|".join(words)})]}}
  case $command in
    "") _describe command commands ;;
{cases}
  esac
}}
compdef _homeport homeport
"""


def _fish(words: Mapping[str, tuple[str, list[str]]]) -> str:
    lines = [
        "# homeport completion fish > ~/.config/fish/completions/homeport.fish",
        "complete -c homeport -f",
        "complete -c homeport -s c -l config -r -F -d 'configuration file'",
    ]
    for name, (text, rest) in words.items():
        lines.append(f"complete -c homeport -n __fish_use_subcommand -a {name} -d '{_quoted(text)}'")
        for word in rest:
            form = f"-l {word[2:]}" if word.startswith("--") else f"-a {word}"
            lines.append(f"complete -c homeport -n '__fish_seen_subcommand_from {name}' {form}")
    return "\n".join(lines) + "\n"


def _powershell(words: Mapping[str, tuple[str, list[str]]]) -> str:
    rows = "\n".join(
        f"    '{name}' = @({', '.join(repr(word) for word in rest)})" for name, (_, rest) in words.items()
    )
    return f"""# homeport completion powershell | Out-String | Invoke-Expression, in $PROFILE
Register-ArgumentCompleter -Native -CommandName homeport -ScriptBlock {{
  param($wordToComplete, $commandAst, $cursorPosition)
  $words = @{{
{rows}
  }}
  $typed = $commandAst.CommandElements | ForEach-Object {{ $_.ToString() }}
  $command = $typed | Where-Object {{ $words.ContainsKey($_) }} | Select-Object -First 1
  $offered = if ($command) {{ $words[$command] }} else {{ $words.Keys | Sort-Object }}
  $offered | Where-Object {{ $_ -like "$wordToComplete*" }} |
    ForEach-Object {{ [System.Management.Automation.CompletionResult]::new($_) }}
}}
"""


def _quoted(text: str) -> str:
    return text.replace("'", "’").replace(":", " -")


_SHELLS = {"bash": _bash, "zsh": _zsh, "fish": _fish, "powershell": _powershell}
