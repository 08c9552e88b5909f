"""`kinodex tags`: the commands put together."""

from __future__ import annotations

from kinodex.cli.commands.vocabulary import deciding, editing, files, learning, looking, proposals
from kinodex.cli.parsing import Commands
from kinodex.cli.tagging.report import report

app = Commands(help="Import, export, edit and grow your tag vocabulary.")

app.command("import", short_help="Add the tags of a file.")(files.import_tags)
app.command("export", short_help="Write the tags to a file.")(files.export_tags)
app.command("list", short_help="List the tags.")(looking.list_tags)
app.command("show", short_help="Show one tag.")(looking.show_tag)
app.command("history", short_help="Show what happened to a tag.")(looking.show_history)
app.command("add", short_help="Add a tag.")(editing.add_tag)
app.command("edit", short_help="Change a tag.")(editing.edit_tag)
app.command("decide", short_help="Decide new or changed tags, where they may fit.")(deciding.decide_tags)
app.command("merge", short_help="Make tags part of another one.")(editing.merge_tags)
app.command("split", short_help="Divide a tag into narrower ones.")(editing.split_tag)
app.command("retire", short_help="Keep the decisions of tags, make no new ones.")(editing.retire_tags)
app.command("restore", short_help="Use retired tags again.")(editing.restore_tags)
app.command("remove", short_help="Remove tags and all decisions about them.")(editing.remove_tags)
app.command("undo", short_help="Take a change back.")(editing.undo_change)
app.command("find-duplicates", short_help="Find tags that may be one.")(proposals.find_duplicates)
app.command("train", short_help="Learn from what people decided.")(learning.train_tags)
app.command("report", short_help="How well tagging does, by what people judged.")(report)
app.add_typer(proposals.app, name="proposals")
