//! What a group commit will change: read before the engine, rolled back per transaction.

use std::{
    collections::BTreeMap,
    ops::{Bound, ControlFlow},
    sync::Arc,
};

use super::{
    engine::{Change, EngineSnapshot, VisitBytes},
    error::Error,
    key::Order,
    keyspaces::Space,
};

type Rows = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// The changes of one group commit, newest value per key.
#[derive(Debug, Default)]
pub(super) struct Overlay {
    records: Rows,
    index: Rows,
    bytes: usize,
}

/// What a transaction replaced, in order, so that it can be put back.
pub(super) type Undo = Vec<(Space, Vec<u8>, Option<Option<Vec<u8>>>)>;

impl Overlay {
    const fn rows(&self, space: Space) -> &Rows {
        match space {
            Space::Records => &self.records,
            Space::Index => &self.index,
        }
    }

    const fn rows_mut(&mut self, space: Space) -> &mut Rows {
        match space {
            Space::Records => &mut self.records,
            Space::Index => &mut self.index,
        }
    }

    /// Sets or removes a key; remembers in `undo` what was there.
    pub(super) fn set(&mut self, space: Space, key: Vec<u8>, value: Option<Vec<u8>>, undo: &mut Undo) {
        self.bytes += key.len() + value.as_ref().map_or(0, Vec::len);
        let before = self.rows_mut(space).insert(key.clone(), value);
        undo.push((space, key, before));
    }

    /// Takes back everything in `undo`, newest first.
    pub(super) fn roll_back(&mut self, undo: &mut Undo) {
        self.roll_back_to(undo, 0);
    }

    /// Takes back what `undo` holds beyond this many, newest first.
    pub(super) fn roll_back_to(&mut self, undo: &mut Undo, kept: usize) {
        while undo.len() > kept
            && let Some((space, key, before)) = undo.pop()
        {
            match before {
                Some(value) => self.rows_mut(space).insert(key, value),
                None => self.rows_mut(space).remove(&key),
            };
        }
    }

    /// Bytes set so far; never shrinks, so it bounds the batch from above.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty() && self.index.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.records.len() + self.index.len()
    }

    /// Every change, spaces in order, keys in order.
    pub(super) fn changes(&self) -> impl Iterator<Item = Change<'_>> {
        Space::ALL.into_iter().flat_map(|space| {
            self.rows(space).iter().map(move |(key, value)| Change { space, key, value: value.as_deref() })
        })
    }

    fn range<'a>(
        &'a self,
        space: Space,
        start: &'a [u8],
        end: &'a [u8],
    ) -> impl DoubleEndedIterator<Item = OverlayRow<'a>> {
        self.rows(space)
            .range::<[u8], _>((Bound::Included(start), Bound::Excluded(end)))
            .map(|(key, value)| (key.as_slice(), value.as_deref()))
    }
}

type OverlayRow<'a> = (&'a [u8], Option<&'a [u8]>);

/// The layers a transaction reads: this group commit, the one being committed, the engine.
#[derive(Clone)]
pub(super) struct Below {
    /// The group commit on its way to the disk, if there is one.
    pub(super) pending: Option<Arc<Overlay>>,
    /// The engine as it was when `pending` was handed over, or later.
    pub(super) engine: Arc<dyn EngineSnapshot>,
}

impl Below {
    /// Reads a key through all layers.
    pub(super) fn get(
        &self,
        top: &Overlay,
        space: Space,
        key: &[u8],
        found: &mut dyn FnMut(&[u8]),
    ) -> Result<(), Error> {
        let in_memory = top.rows(space).get(key);
        let in_memory = in_memory.or_else(|| self.pending.as_ref().and_then(|pending| pending.rows(space).get(key)));
        match in_memory {
            Some(Some(value)) => {
                found(value);
                Ok(())
            }
            Some(None) => Ok(()),
            None => self.engine.get(space, key, found),
        }
    }

    /// Scans a range through all layers, upper layers hiding lower ones.
    pub(super) fn scan(
        &self,
        top: &Overlay,
        (space, start, end): (Space, &[u8], &[u8]),
        order: Order,
        visit: &mut VisitBytes<'_>,
    ) -> Result<(), Error> {
        if start >= end {
            return Ok(());
        }
        let mut memory = self.in_memory(top, space, start, end, order);
        let mut upper = memory.next();
        let mut is_done = false;
        self.engine.scan(space, start, end, order, &mut |key, value| {
            while let Some((upper_key, upper_value)) = upper {
                if is_before(key, upper_key, order) {
                    break;
                }
                upper = memory.next();
                if let Some(upper_value) = upper_value
                    && visit(upper_key, upper_value).is_break()
                {
                    is_done = true;
                    return ControlFlow::Break(());
                }
                if upper_key == key {
                    return ControlFlow::Continue(());
                }
            }
            let flow = visit(key, value);
            is_done = flow.is_break();
            flow
        })?;
        while let (false, Some((key, value))) = (is_done, upper) {
            upper = memory.next();
            is_done = value.is_some_and(|value| visit(key, value).is_break());
        }
        Ok(())
    }

    /// The rows of both overlays in order, the upper one's where both have a key.
    fn in_memory<'a>(
        &'a self,
        top: &'a Overlay,
        space: Space,
        start: &'a [u8],
        end: &'a [u8],
        order: Order,
    ) -> Box<dyn Iterator<Item = OverlayRow<'a>> + 'a> {
        let upper = directed(top.range(space, start, end), order);
        let Some(pending) = &self.pending else { return upper };
        let mut upper = upper.peekable();
        let mut lower = directed(pending.range(space, start, end), order).peekable();
        Box::new(std::iter::from_fn(move || match (upper.peek(), lower.peek()) {
            (Some((left, _)), Some((right, _))) => {
                if left == right {
                    lower.next();
                    upper.next()
                } else if is_before(left, right, order) {
                    upper.next()
                } else {
                    lower.next()
                }
            }
            (Some(_), None) => upper.next(),
            (None, _) => lower.next(),
        }))
    }
}

fn directed<'a>(
    rows: impl DoubleEndedIterator<Item = OverlayRow<'a>> + 'a,
    order: Order,
) -> Box<dyn Iterator<Item = OverlayRow<'a>> + 'a> {
    match order {
        Order::Ascending => Box::new(rows),
        Order::Descending => Box::new(rows.rev()),
    }
}

fn is_before(left: &[u8], right: &[u8], order: Order) -> bool {
    match order {
        Order::Ascending => left < right,
        Order::Descending => left > right,
    }
}
