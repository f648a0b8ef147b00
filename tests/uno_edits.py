"""Edits a Word document in LibreOffice as a person would: run by a Python that has ``uno``, not by pytest.

``uno_edits.py SOFFICE IN.docx OUT.docx`` reads a list of edits as JSON from its input. Each edit selects a text in the first paragraph
that begins with another one, and then types, deletes, makes bold, or cuts and pastes, by the commands behind menus and keys.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import uno
from com.sun.star.beans import PropertyValue
from com.sun.star.connection import NoConnectException


def value(name, of):
    made = PropertyValue()
    made.Name, made.Value = name, of
    return made


def connected(pipe):
    """The office, once it answers."""
    local = uno.getComponentContext()
    resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
    for _ in range(240):
        try:
            return resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
        except NoConnectException:
            time.sleep(0.25)
    raise SystemExit("LibreOffice does not answer")


def paragraphs(text):
    """All paragraphs of the body, those of tables too."""
    for element in text:
        if element.supportsService("com.sun.star.text.TextTable"):
            for name in element.CellNames:
                yield from paragraphs(element.getCellByName(name))
        else:
            yield element


class Person:
    """Somebody who edits a document."""

    def __init__(self, context, document):
        manager = context.ServiceManager
        self.dispatcher = manager.createInstanceWithContext("com.sun.star.frame.DispatchHelper", context)
        self.document = document
        self.frame = document.CurrentController.Frame
        self.cursor = document.CurrentController.getViewCursor()

    def does(self, command, **arguments):
        given = tuple(value(name, of) for name, of in arguments.items())
        self.dispatcher.executeDispatch(self.frame, f".uno:{command}", "", 0, given)

    def selects(self, within, text, nth=0):
        """Select a text in the nth paragraph that begins with another text; no text selects the whole paragraph."""
        held = [p for p in paragraphs(self.document.Text) if p.String.startswith(within)]
        if len(held) <= nth:
            raise SystemExit(f"no paragraph begins with {within}")
        held = held[nth]
        cursor = held.Text.createTextCursorByRange(held.Start)
        if text:
            cursor.goRight(held.String.index(text), False)
            cursor.goRight(len(text), True)
        else:
            cursor.gotoRange(held.End, True)
        self.cursor.gotoRange(cursor, False)

    def edits(self, edit):
        self.selects(edit["within"], edit["text"], edit.get("nth", 0))
        what = edit["do"]
        if what == "type":
            self.does("InsertText", Text=edit["new"])
        elif what == "type behind":
            self.cursor.collapseToEnd()
            self.does("InsertText", Text=edit["new"])
        elif what == "delete":
            self.does("Delete")
        elif what == "bold":
            self.does("Bold", Bold=True)
        elif what in ("cut", "copy"):
            self.does("Cut" if what == "cut" else "Copy")
            if what == "cut":
                self.does("Delete")
            self.selects(edit["before"], "")
            self.cursor.collapseToStart()
            self.does("InsertPara")
            self.cursor.goUp(1, False)
            self.does("Paste")
        else:
            raise SystemExit(f"no such edit: {what}")


def main(office, source, target):
    pipe = f"xl2report{time.time_ns()}"
    with tempfile.TemporaryDirectory() as home:
        command = [office, "--headless", "--norestore", f"-env:UserInstallation={Path(home).as_uri()}"]
        running = subprocess.Popen([*command, f"--accept=pipe,name={pipe};urp;"], start_new_session=True)
        try:
            context = connected(pipe)
            desktop = context.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", context)
            document = desktop.loadComponentFromURL(Path(source).as_uri(), "_blank", 0, ())
            person = Person(context, document)
            for edit in json.load(sys.stdin):
                person.edits(edit)
            document.storeToURL(Path(target).as_uri(), (value("FilterName", "MS Word 2007 XML"),))
            document.close(True)
            desktop.terminate()
            running.wait(30)
        finally:
            if running.poll() is None:
                os.killpg(running.pid, signal.SIGKILL)  # soffice is a script that starts the office
                running.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
