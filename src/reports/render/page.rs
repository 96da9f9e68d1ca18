//! Pages to draw on: text from two fonts, bars and lines, from the top of a page to its bottom.

use std::sync::LazyLock;

use harfrust::{Buffer, ShapeOptions, ShaperFont, shape};
use krilla::{
    Document,
    color::rgb,
    geom::{PathBuilder, Point, Rect},
    metadata::Metadata,
    num::NormalizedF32,
    page::PageSettings,
    paint::Fill,
    text::{Font, GlyphId, KrillaGlyph},
};

use super::{
    Chart,
    chart::{self, Anchor, Shape, shapes},
    failed,
};
use crate::reports::Error;

const REGULAR: &[u8] = include_bytes!("font/regular.ttf");
const BOLD: &[u8] = include_bytes!("font/bold.ttf");

/// Red, green and blue.
type Color = (u8, u8, u8);

const INK: Color = (26, 26, 26);
const GREY: Color = (204, 204, 204);
const BLUE: Color = (37, 99, 168);

/// A font to shape text with, and the same to embed.
struct Face {
    shaping: harfrust::Font,
    embedded: Font,
}

impl Face {
    fn read(bytes: &'static [u8]) -> Option<Self> {
        Some(Self { shaping: harfrust::Font::new(bytes, 0)?, embedded: Font::new(bytes.into(), 0)? })
    }
}

static FACES: LazyLock<Option<[Face; 2]>> = LazyLock::new(|| Some([Face::read(REGULAR)?, Face::read(BOLD)?]));

/// Something on a page, kept until the page is written.
enum Mark {
    Text { x: f32, y: f32, text: String, size: f32, is_bold: bool, anchor: Anchor },
    Rectangle { x: f32, y: f32, width: f32, height: f32, color: Color },
}

/// A document on its way.
pub(super) struct Canvas {
    document: Document,
    faces: &'static [Face; 2],
    marks: Vec<Mark>,
    y: f32,
    pages: usize,
}

impl Canvas {
    /// The left edge of what is drawn.
    pub(super) const LEFT: f32 = 36.0;
    /// The width of what is drawn.
    pub(super) const INNER_WIDTH: f32 = Self::WIDTH - 2.0 * Self::LEFT;
    // A4, lying.
    const WIDTH: f32 = 841.89;
    const HEIGHT: f32 = 595.28;
    const TOP: f32 = 40.0;
    const BOTTOM: f32 = 40.0;

    pub(super) fn new(title: &str) -> Result<Self, Error> {
        let faces = FACES.as_ref().ok_or_else(|| failed("the fonts cannot be read"))?;
        let mut document = Document::new();
        document.set_metadata(Metadata::new().title(title.to_owned()).creator("NovaPulse".to_owned()));
        Ok(Self { document, faces, marks: Vec::new(), y: Self::TOP, pages: 0 })
    }

    /// Whether so much fits on the page.
    pub(super) fn has_room(&self, height: f32) -> bool {
        self.y + height <= Self::HEIGHT - Self::BOTTOM
    }

    pub(super) fn skip(&mut self, height: f32) {
        self.y += height;
    }

    /// A line of text over the whole width.
    pub(super) fn line(&mut self, text: &str, size: f32, is_bold: bool) {
        let text = self.fitted(text, size, is_bold, Self::INNER_WIDTH);
        self.y += size * 1.4;
        let (x, y) = (Self::LEFT, self.y - size * 0.3);
        self.marks.push(Mark::Text { x, y, text, size, is_bold, anchor: Anchor::Start });
    }

    /// Text in a column of the present line, cut where the column ends.
    pub(super) fn cell(&mut self, (x, width): (f32, f32), text: &str, size: f32, is_bold: bool) {
        let text = self.fitted(text, size, is_bold, width - 4.0);
        self.marks.push(Mark::Text { x, y: self.y + size, text, size, is_bold, anchor: Anchor::Start });
    }

    /// A line across the page.
    pub(super) fn rule(&mut self) {
        let (x, y, width) = (Self::LEFT, self.y, Self::INNER_WIDTH);
        self.marks.push(Mark::Rectangle { x, y, width, height: 0.5, color: GREY });
        self.y += 3.0;
    }

    pub(super) fn chart(&mut self, chart: &Chart) {
        let scale = Self::INNER_WIDTH / chart::WIDTH as f32;
        let (left, top) = (Self::LEFT, self.y);
        for shape in shapes(chart) {
            self.marks.push(match shape {
                Shape::Rectangle { x, y, width, height, is_bar } => Mark::Rectangle {
                    x: left + x as f32 * scale,
                    y: top + y as f32 * scale,
                    width: width as f32 * scale,
                    height: height as f32 * scale,
                    color: if is_bar { BLUE } else { GREY },
                },
                Shape::Text { x, y, text, anchor } => Mark::Text {
                    x: left + x as f32 * scale,
                    y: top + y as f32 * scale,
                    text,
                    size: chart::TEXT as f32,
                    is_bold: false,
                    anchor,
                },
            });
        }
        self.y += chart::HEIGHT as f32 * scale;
    }

    /// Writes the page and begins the next one.
    pub(super) fn next_page(&mut self) {
        self.pages += 1;
        let (x, y) = (Self::WIDTH - Self::LEFT, Self::HEIGHT - 20.0);
        let text = self.pages.to_string();
        self.marks.push(Mark::Text { x, y, text, size: 8.0, is_bold: false, anchor: Anchor::End });
        let marks = std::mem::take(&mut self.marks);
        if let Some(settings) = PageSettings::from_wh(Self::WIDTH, Self::HEIGHT) {
            let mut page = self.document.start_page_with(settings);
            let mut surface = page.surface();
            for mark in marks {
                draw(&mut surface, self.faces, mark);
            }
            surface.finish();
            page.finish();
        }
        self.y = Self::TOP;
    }

    /// The bytes of the document.
    pub(super) fn finish(mut self) -> Result<Vec<u8>, Error> {
        self.next_page();
        self.document.finish().map_err(|error| failed(format!("{error:?}")))
    }

    /// As much of the text as the width has room for.
    fn fitted(&self, text: &str, size: f32, is_bold: bool, width: f32) -> String {
        let face = face(self.faces, is_bold);
        let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let mut room = width;
        let cut = shaped(face, &text).iter().find_map(|glyph| {
            room -= glyph.x_advance * size;
            (room < 0.0).then_some(glyph.text_range.start)
        });
        let Some(cut) = cut else { return text };
        let mut short: String = text.get(..cut).unwrap_or_default().to_owned();
        short.pop();
        short.push('…');
        short
    }
}

fn face(faces: &[Face; 2], is_bold: bool) -> &Face {
    let [regular, bold] = faces;
    if is_bold { bold } else { regular }
}

fn draw(surface: &mut krilla::surface::Surface<'_>, faces: &[Face; 2], mark: Mark) {
    match mark {
        Mark::Rectangle { x, y, width, height, color } => {
            // A bar of no height is none.
            let Some(rectangle) = Rect::from_xywh(x, y, width, height) else { return };
            let mut path = PathBuilder::new();
            path.push_rect(rectangle);
            surface.set_fill(Some(fill(color)));
            if let Some(path) = path.finish() {
                surface.draw_path(&path);
            }
        }
        Mark::Text { x, y, text, size, is_bold, anchor } => {
            let face = face(faces, is_bold);
            let glyphs = shaped(face, &text);
            let width: f32 = glyphs.iter().map(|glyph| glyph.x_advance * size).sum();
            let x = match anchor {
                Anchor::Start => x,
                Anchor::Middle => x - width / 2.0,
                Anchor::End => x - width,
            };
            surface.set_fill(Some(fill(INK)));
            surface.draw_glyphs(Point::from_xy(x, y), &glyphs, face.embedded.clone(), &text, size, false);
        }
    }
}

fn fill((red, green, blue): Color) -> Fill {
    Fill { paint: rgb::Color::new(red, green, blue).into(), opacity: NormalizedF32::ONE, ..Fill::default() }
}

/// The glyphs of a text from left to right, with lengths in parts of the size.
fn shaped(face: &Face, text: &str) -> Vec<KrillaGlyph> {
    let font = ShaperFont::new(&face.shaping);
    let mut buffer = Buffer::new();
    buffer.push_str(text);
    buffer.guess_segment_properties();
    if shape(&font, &mut buffer, ShapeOptions::new()).is_err() {
        return Vec::new();
    }
    let em = face.embedded.units_per_em();
    let mut starts: Vec<usize> = buffer.glyph_infos().iter().map(|info| info.cluster as usize).collect();
    starts.sort_unstable();
    let end = |start: usize| {
        let next = starts.partition_point(|other| *other <= start);
        starts.get(next).copied().unwrap_or(text.len())
    };
    buffer
        .glyph_infos()
        .iter()
        .zip(buffer.glyph_positions())
        .map(|(info, position)| {
            let start = info.cluster as usize;
            KrillaGlyph::new(
                GlyphId::new(info.glyph_id),
                position.x_advance as f32 / em,
                position.x_offset as f32 / em,
                position.y_offset as f32 / em,
                position.y_advance as f32 / em,
                start..end(start),
                None,
            )
        })
        .collect()
}
