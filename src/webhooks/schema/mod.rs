//! Whether a text is a JSON Schema, and an example conforms to it. Pure.
//!
//! Schemas come from callers, and a small one can ask for more work than ever ends: definitions that
//! refer to each other twice double with each step, and patterns can be as large as memory. So what a
//! check would do is counted first, by a walk over schema and example together that follows references
//! and gives up at a limit. What it cannot foresee (dynamic references and `unevaluated…`) is checked
//! for its form only, and refused together with an example.

use serde_json::{Map, Value};

use super::Invalid;

/// The most patterns of a schema; each is compiled.
const PATTERNS_MAX: usize = 50;
/// The longest pattern.
const PATTERN_BYTES_MAX: usize = 1000;
/// The most memory a compiled pattern takes.
const PATTERN_SIZE_MAX: usize = 256 * 1024;
/// The most references in a schema.
const REFERENCES_MAX: usize = 500;
/// How far a pattern that looks around may go back before it counts as failed.
const BACKTRACK_MAX: usize = 2000;
/// Pairs of a part of the schema and a part of the example that a check may look at.
const STEPS_MAX: usize = 100_000;
/// Steps that one match of a pattern counts for.
const STEPS_PER_MATCH: usize = 20;
/// How deep references and parts may follow each other.
const DEPTH_MAX: usize = 64;
/// Errors that are answered.
const ERRORS_SHOWN: usize = 10;

/// Names what is wrong with a schema, and with its example.
///
/// Takes up to some tenths of a second, so not on an async thread.
pub(super) fn check(schema: &Value, example: Option<&Value>) -> Vec<Invalid> {
    if !schema.is_object() && !schema.is_boolean() {
        return vec![Invalid::new("/schema", "must be an object or a boolean")];
    }
    let mut census = Census::default();
    census.count(schema);
    if let Some(refused) = census.refused() {
        return vec![refused];
    }
    let is_foreseen = !census.is_dynamic
        && example.is_none_or(|example| Walk { root: schema, steps: 0 }.step(schema, example, 0).is_some());
    if example.is_some() && !is_foreseen {
        let detail = "is too complex to check an example against it; leave the example out, or simplify it";
        return vec![Invalid::new("/schema", detail)];
    }
    // Compiling `unevaluated…` alone can take for ever.
    if census.is_dynamic {
        return jsonschema::meta::validate(schema).err().map(malformed).into_iter().collect();
    }
    let patterns = jsonschema::PatternOptions::fancy_regex()
        .backtrack_limit(BACKTRACK_MAX)
        .size_limit(PATTERN_SIZE_MAX)
        .dfa_size_limit(PATTERN_SIZE_MAX);
    let validator = match jsonschema::options().with_pattern_options(patterns).build(schema) {
        Ok(validator) => validator,
        Err(error) => return vec![malformed(error)],
    };
    let Some(example) = example else { return Vec::new() };
    validator
        .iter_errors(example)
        .take(ERRORS_SHOWN)
        .map(|error| Invalid::new(format!("/example{}", error.instance_path()), error.masked()))
        .collect()
}

fn malformed(error: jsonschema::ValidationError<'_>) -> Invalid {
    Invalid::new(format!("/schema{}", error.instance_path()), format!("is not a JSON Schema: {}", error.masked()))
}

/// What there is in a schema of the things that cost most.
#[derive(Debug, Default)]
struct Census {
    patterns: usize,
    has_long_pattern: bool,
    references: usize,
    /// It refers to other documents.
    is_foreign: bool,
    /// It holds what [`Walk`] does not follow.
    is_dynamic: bool,
}

impl Census {
    fn count(&mut self, part: &Value) {
        match part {
            Value::Object(members) => {
                for (name, value) in members {
                    self.keyword(name, value);
                    self.count(value);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.count(item)),
            _ => {}
        }
    }

    fn keyword(&mut self, name: &str, value: &Value) {
        match (name, value) {
            ("pattern", Value::String(pattern)) => self.pattern(pattern),
            ("patternProperties", Value::Object(members)) => members.keys().for_each(|name| self.pattern(name)),
            ("$ref", Value::String(target)) => {
                self.references += 1;
                self.is_foreign |= !target.starts_with('#');
            }
            ("$dynamicRef" | "$recursiveRef" | "unevaluatedProperties" | "unevaluatedItems", _) => {
                self.references += 1;
                self.is_dynamic = true;
            }
            _ => {}
        }
    }

    const fn pattern(&mut self, pattern: &str) {
        self.patterns += 1;
        self.has_long_pattern |= pattern.len() > PATTERN_BYTES_MAX;
    }

    fn refused(&self) -> Option<Invalid> {
        let detail = if self.patterns > PATTERNS_MAX {
            format!("must have at most {PATTERNS_MAX} patterns")
        } else if self.has_long_pattern {
            format!("must have patterns of at most {PATTERN_BYTES_MAX} bytes")
        } else if self.references > REFERENCES_MAX {
            format!("must have at most {REFERENCES_MAX} references")
        } else if self.is_foreign {
            "must refer to its own parts only; other documents are not fetched".to_owned()
        } else {
            return None;
        };
        Some(Invalid::new("/schema", detail))
    }
}

/// Counts what a check would look at; an upper bound, for keywords are taken to apply wherever they might.
struct Walk<'a> {
    root: &'a Value,
    steps: usize,
}

impl<'a> Walk<'a> {
    /// Looks at a part of the schema with a part of the example; `None` when that is too much.
    fn step(&mut self, schema: &'a Value, instance: &Value, depth: usize) -> Option<()> {
        self.spend(1)?;
        let Value::Object(members) = schema else { return Some(()) };
        if depth > DEPTH_MAX {
            return None;
        }
        let is_root = std::ptr::eq(schema, self.root);
        for (keyword, value) in members {
            // A part with an id of its own is what its references begin at.
            if matches!(keyword.as_str(), "$id" | "id") && value.is_string() && !is_root {
                return None;
            }
            self.keyword(keyword, value, instance, depth + 1)?;
        }
        Some(())
    }

    fn keyword(&mut self, keyword: &str, value: &'a Value, instance: &Value, depth: usize) -> Option<()> {
        match keyword {
            "$ref" => self.step(self.target(value)?, instance, depth),
            "pattern" => self.spend(STEPS_PER_MATCH),
            "allOf" | "anyOf" | "oneOf" | "not" | "if" | "then" | "else" => {
                parts(value).try_for_each(|part| self.step(part, instance, depth))
            }
            "dependentSchemas" | "dependencies" => {
                members(value).try_for_each(|(_, part)| self.step(part, instance, depth))
            }
            "properties" => members(value).try_for_each(|(name, part)| {
                instance.get(name).map_or(Some(()), |child| self.step(part, child, depth))
            }),
            "patternProperties" => members(value).try_for_each(|(_, part)| {
                self.spend(instance.as_object().map_or(0, Map::len) * STEPS_PER_MATCH)?;
                self.children(std::iter::once(part), instance, depth)
            }),
            "additionalProperties" | "propertyNames" | "items" | "additionalItems" | "prefixItems" | "contains" => {
                self.children(parts(value), instance, depth)
            }
            "enum" | "required" => self.spend(value.as_array().map_or(1, Vec::len)),
            "uniqueItems" => self.spend(instance.as_array().map_or(1, Vec::len)),
            _ => Some(()),
        }
    }

    fn children(&mut self, parts: impl Iterator<Item = &'a Value>, instance: &Value, depth: usize) -> Option<()> {
        for part in parts {
            match instance {
                Value::Array(items) => items.iter().try_for_each(|item| self.step(part, item, depth))?,
                Value::Object(members) => members.values().try_for_each(|member| self.step(part, member, depth))?,
                _ => {}
            }
        }
        Some(())
    }

    fn spend(&mut self, steps: usize) -> Option<()> {
        self.steps += steps;
        (self.steps <= STEPS_MAX).then_some(())
    }

    /// What a reference leads to; `None` when it is none that can be followed here.
    fn target(&self, reference: &Value) -> Option<&'a Value> {
        let pointer = reference.as_str()?.strip_prefix('#')?;
        if pointer.contains('%') { None } else { self.root.pointer(pointer) }
    }
}

fn parts(value: &Value) -> impl Iterator<Item = &Value> {
    let list = value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice);
    list.iter()
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

#[cfg(test)]
mod tests;
