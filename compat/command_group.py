"""A command line whose first command need not be named."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click


class DefaultGroup(click.Group):
    """A group whose first command need not be named.

    Args:
        default: that command.
        elsewhere: commands whose modules the others do without: name → full name of the module, name in it, and what
            it does.
    """

    def __init__(self, *, default: str, elsewhere: dict[str, tuple[str, str, str]], **others: Any) -> None:  # noqa: ANN401 - click's
        super().__init__(**others)
        self._default, self._elsewhere = default, elsewhere

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Both kinds."""
        return sorted([*super().list_commands(ctx), *self._elsewhere])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported if its module is elsewhere."""
        if cmd_name not in self._elsewhere:
            return super().get_command(ctx, cmd_name)
        module, name, _ = self._elsewhere[cmd_name]
        found: click.Command = getattr(import_module(module), name)
        return found

    def names_none(self, ctx: click.Context, args: list[str]) -> bool:
        """Whether the first word is none of a command, and asks for nothing that the group itself answers."""
        return not args or (args[0] not in self.list_commands(ctx) and args[0] not in ("--help", "-h", "--version"))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Puts the default before words that name no command."""
        return super().parse_args(ctx, [self._default, *args] if self.names_none(ctx, args) else args)

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Of the default, and of the others."""
        formatter.write_usage(ctx.command_path, "TARGET DRAFTER [OPTIONS]")
        formatter.write_usage(ctx.command_path, "COMMAND [ARGS]...")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The default's, and what commands there are, without importing any."""
        self.commands[self._default].format_options(ctx, formatter)
        told = {name: command.get_short_help_str() for name, command in self.commands.items()}
        told |= {name: said for name, (_, _, said) in self._elsewhere.items()}
        with formatter.section("Commands"):
            formatter.write_dl(sorted(told.items()))
