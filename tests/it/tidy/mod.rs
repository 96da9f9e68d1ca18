//! The shape of the source: layers, file sizes, names, generated documents.
