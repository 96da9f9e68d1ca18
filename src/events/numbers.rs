//! Whether data holds a number nobody can read. Pure.
//!
//! JSON bounds no number, and data is stored without being parsed. A number that no reader can hold makes
//! parsing fail later, where nobody is left to tell: no filter would ever pass such an event.

/// Length of a part of the data; one of nothing but digits lies inside any number of 309, the shortest out of range.
const PART_BYTES: usize = 103;

/// Whether every number in this JSON text is in the range of a 64-bit floating-point number.
#[must_use]
pub fn are_numbers_in_range(data: &[u8]) -> bool {
    !may_have_large_number(data) || walk(data)
}

/// Whether there are exponents, or as many digits in a row as a number out of range has; spares nearly all the walk.
fn may_have_large_number(data: &[u8]) -> bool {
    let pairs = data.iter().zip(data.iter().skip(1));
    pairs.filter(|(digit, next)| digit.is_ascii_digit() && is_exponent(**next)).count() > 0
        || data.chunks_exact(PART_BYTES).any(|part| part.iter().all(u8::is_ascii_digit))
}

const fn is_exponent(byte: u8) -> bool {
    matches!(byte, b'e' | b'E')
}

fn walk(data: &[u8]) -> bool {
    let mut is_in_string = false;
    let mut rest = data;
    while let Some((byte, tail)) = rest.split_first() {
        rest = tail;
        match byte {
            b'"' => is_in_string = !is_in_string,
            b'\\' if is_in_string => rest = tail.get(1..).unwrap_or_default(),
            b'0'..=b'9' if !is_in_string => {
                let length = tail.iter().take_while(|byte| is_of_number(**byte)).count();
                let (number, behind) = tail.split_at(length);
                if !is_in_range(*byte, number) {
                    return false;
                }
                rest = behind;
            }
            _ => {}
        }
    }
    true
}

const fn is_of_number(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-')
}

fn is_in_range(first: u8, rest: &[u8]) -> bool {
    if rest.len() < PART_BYTES && !rest.iter().any(|byte| is_exponent(*byte)) {
        return true;
    }
    let text = std::str::from_utf8(rest).unwrap_or_default();
    format!("{}{text}", char::from(first)).parse::<f64>().is_ok_and(f64::is_finite)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert, proptest};

    use super::are_numbers_in_range;

    #[test]
    fn only_numbers_out_of_range_are_found() {
        let digits = |count: usize| "9".repeat(count);
        for good in ["1e300", "-1.5E-999", r#""1e999""#, r#"{"a\"1e999":[0]}"#, "0", "[]", &digits(308)] {
            assert!(are_numbers_in_range(good.as_bytes()), "{good}");
        }
        for bad in ["1e999", "[0,-2E+400]", r#"{"a":"\\","b":1e400}"#, &digits(400), &format!("[{}.5]", digits(320))] {
            assert!(!are_numbers_in_range(bad.as_bytes()), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn it_agrees_with_the_parser(mantissa in any::<u32>(), exponent in -400_i32..400, zeros in 0_usize..400) {
            let text = format!("[{{\"a\":{mantissa}{}e{exponent}}}]", "0".repeat(zeros));
            let parsed = serde_json::from_str::<serde_json::Value>(&text).is_ok();
            prop_assert!(are_numbers_in_range(text.as_bytes()) == parsed, "{text}");
        }
    }
}
