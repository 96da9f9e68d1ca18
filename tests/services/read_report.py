"""Reads a report as other programs do: an xlsx file to JSON of its sheets, a pdf file to JSON of the text of its pages."""

import json
import sys

kind, path = sys.argv[1:3]
if kind == "xlsx":
    import openpyxl

    book = openpyxl.load_workbook(path)
    sheets = {
        sheet.title: [
            [None if cell.value is None else str(cell.value) for cell in row] for row in sheet.iter_rows()
        ]
        for sheet in book
    }
    formulas = sum(cell.data_type == "f" for sheet in book for row in sheet.iter_rows() for cell in row)
    charts = sum(len(sheet._charts) for sheet in book)
    print(json.dumps({"sheets": sheets, "formulas": formulas, "charts": charts}))
else:
    import pypdf

    reader = pypdf.PdfReader(path, strict=True)
    fonts = {
        font
        for page in reader.pages
        for font in (page["/Resources"].get("/Font") or {}).values()
    }
    embedded = all(
        "/FontFile2" in one["/DescendantFonts"][0]["/FontDescriptor"]
        or "/FontFile3" in one["/DescendantFonts"][0]["/FontDescriptor"]
        for one in (font.get_object() for font in fonts)
    )
    text = [page.extract_text() for page in reader.pages]
    print(json.dumps({"title": reader.metadata.title, "pages": text, "embedded": embedded}))
