//! Times written as text, `"300ms"` or `"1h 30m"`, read at compile time.

use core::time::Duration;

use crate::diag::did_you_mean;

/// A unit's spellings, the usual one first, and its length in nanoseconds.
type Unit = (&'static [&'static str], u128);

const SECOND: u128 = 1_000_000_000;

const UNITS: &[Unit] = &[
    (&["ns", "nsec", "nanos", "nanosecond", "nanoseconds"], 1),
    (&["us", "µs", "μs", "usec", "micros", "microsecond", "microseconds"], 1_000),
    (&["ms", "msec", "millis", "millisecond", "milliseconds"], 1_000_000),
    (&["s", "sec", "secs", "second", "seconds"], SECOND),
    (&["m", "min", "mins", "minute", "minutes"], 60 * SECOND),
    (&["h", "hr", "hrs", "hour", "hours"], 3_600 * SECOND),
    (&["d", "day", "days"], 86_400 * SECOND),
    (&["w", "week", "weeks"], 604_800 * SECOND),
];

/// Reads a time, or says what is wrong with which piece and what to write instead.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err("there is no time in it: write a number and a unit, as in `\"300s\"`".into());
    }
    if rest.chars().all(|c| c.is_ascii_digit()) {
        return Err(format!(
            "`{rest}` needs a unit: write `\"{rest}s\"`, or the integer `{rest}` for seconds"
        ));
    }
    let mut total: u128 = 0;
    let mut seen: Vec<&str> = Vec::new();
    while !rest.is_empty() {
        let (digits, unit, after) = piece(rest)?;
        let (names, nanos) = unit_called(unit)?;
        if seen.contains(&names[0]) {
            return Err(format!("the unit `{unit}` is given twice: add the two together"));
        }
        seen.push(names[0]);
        // A `u64` times the longest unit is far below the end of `u128`, and so is the sum of all eight.
        let number: u64 = digits.parse().map_err(|_| too_long())?;
        total += u128::from(number) * nanos;
        rest = after;
    }
    let seconds = u64::try_from(total / SECOND).map_err(|_| too_long())?;
    Ok(Duration::new(seconds, (total % SECOND) as u32))
}

/// Splits `90m 5s` into `90`, `m` and `5s`.
fn piece(text: &str) -> Result<(&str, &str, &str), String> {
    let (digits, after) = split_while(text, |c| c.is_ascii_digit());
    let word = text.split_whitespace().next().unwrap_or(text);
    if digits.is_empty() {
        return Err(match text.starts_with('-') {
            true => format!("`{word}` is negative: give a positive time"),
            false => {
                format!("`{word}` does not begin with a number: write one before each unit, as in `1h 30m`")
            }
        });
    }
    if after.starts_with(['.', ',']) {
        return Err(format!("`{word}` is not a whole number: use a smaller unit, as in `90m` for `1.5h`"));
    }
    let (unit, rest) = split_while(after.trim_start(), |c| !c.is_ascii_digit() && !c.is_whitespace());
    if unit.is_empty() {
        return Err(format!("`{digits}` needs a unit: write `{digits}s` for seconds"));
    }
    Ok((digits, unit, rest.trim_start()))
}

fn split_while(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !belongs(c)).unwrap_or(text.len()))
}

fn unit_called(name: &str) -> Result<Unit, String> {
    if let Some(unit) = UNITS.iter().find(|(names, _)| names.contains(&name)) {
        return Ok(*unit);
    }
    let lower = name.to_lowercase();
    let names = || UNITS.iter().flat_map(|(names, _)| names.iter().copied());
    let meant = names().find(|unit| *unit == lower).or_else(|| did_you_mean(&lower, names()));
    Err(match meant {
        Some(meant) => format!("there is no unit `{name}`: did you mean `{meant}`?"),
        None => {
            format!("there is no unit `{name}`: the units are `ns`, `us`, `ms`, `s`, `m`, `h`, `d` and `w`")
        }
    })
}

fn too_long() -> String {
    "it is longer than a `Duration` can hold: give a shorter time".into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_are_read() {
        for (text, expected) in [
            ("300ms", Duration::from_millis(300)),
            ("1h 30m", Duration::from_secs(5_400)),
            ("1h30m", Duration::from_secs(5_400)),
            ("  5 minutes ", Duration::from_secs(300)),
            ("1w 2d", Duration::from_secs(777_600)),
            ("2us 3ns", Duration::from_nanos(2_003)),
            ("2µs", Duration::from_micros(2)),
            ("1500 millis", Duration::from_millis(1_500)),
            ("0s", Duration::ZERO),
            ("18446744073709551615s", Duration::from_secs(u64::MAX)),
        ] {
            assert_eq!(parse(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn the_offending_piece_is_named_with_its_cure() {
        for (text, says) in [
            ("", "no time"),
            ("300", "`300` needs a unit: write `\"300s\"`, or the integer `300`"),
            ("1h 30", "`30` needs a unit: write `30s`"),
            ("1.5h", "`1.5h` is not a whole number"),
            ("-5s", "`-5s` is negative"),
            ("5x", "no unit `x`"),
            ("5M", "did you mean `m`"),
            ("5 secnds", "did you mean `seconds`"),
            ("soon", "`soon` does not begin with a number"),
            ("1h 2h", "`h` is given twice"),
            ("1h 2 hours", "`hours` is given twice"),
            ("99999999999999999999s", "longer than"),
            ("18446744073709551615w", "longer than"),
            ("5s, 3m", "no unit `s,`"),
            ("5s!", "no unit `s!`"),
        ] {
            let error = parse(text).expect_err(text);
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
