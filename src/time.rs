//! Instants, calendar days and the hybrid logical clock's stamps. Nothing here reads a clock.

use std::fmt;

use time::format_description::well_known::{Iso8601, Rfc3339};
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime};

use crate::error::{Error, ErrorKind, Result};

/// An instant: milliseconds since 1970-01-01 in UTC, between the years 0001 and 9999.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// 0001-01-01T00:00:00.000Z and 9999-12-31T23:59:59.999Z.
const EARLIEST: i64 = -62_135_596_800_000;
const LATEST: i64 = 253_402_300_799_999;

/// A number below this is read as seconds, as mem0's service does; from here on as milliseconds.
const SECONDS_BELOW: f64 = 1e11;

impl Timestamp {
    /// From milliseconds since 1970; `TIMESTAMP_INVALID` outside the years 0001 to 9999.
    pub fn from_millis(millis: i64) -> Result<Timestamp> {
        if (EARLIEST..=LATEST).contains(&millis) { Ok(Timestamp(millis)) } else { Err(invalid()) }
    }

    /// From milliseconds that come from a clock or from stored bytes: clamped, never an error.
    pub fn clamped(millis: i64) -> Timestamp {
        Timestamp(millis.clamp(EARLIEST, LATEST))
    }

    /// From a number as callers give it: seconds since 1970 if below 10¹¹, else milliseconds.
    pub fn from_number(number: f64) -> Result<Timestamp> {
        if !number.is_finite() {
            return Err(invalid());
        }
        let millis = if number.abs() < SECONDS_BELOW { number * 1000.0 } else { number };
        Timestamp::from_millis(millis as i64)
    }

    /// From text: RFC 3339, ISO 8601 without an offset (read as UTC), or a day `YYYY-MM-DD`.
    pub fn parse(text: &str) -> Result<Timestamp> {
        let text = text.trim();
        let parsed = OffsetDateTime::parse(text, &Rfc3339)
            .or_else(|_| OffsetDateTime::parse(text, &Iso8601::PARSING))
            .or_else(|_| PrimitiveDateTime::parse(text, &Iso8601::PARSING).map(PrimitiveDateTime::assume_utc))
            .map(|at| (at.unix_timestamp_nanos() / 1_000_000) as i64);
        match parsed {
            Ok(millis) => Timestamp::from_millis(millis),
            Err(_) => Ok(Day::parse(text).map_err(|_| invalid())?.start()),
        }
    }

    /// Milliseconds since 1970.
    pub fn millis(self) -> i64 {
        self.0
    }

    /// The day in UTC.
    pub fn day(self) -> Day {
        Day(self.0.div_euclid(MILLIS_PER_DAY) as i32)
    }
}

impl fmt::Display for Timestamp {
    /// `2023-05-08T13:56:00.000Z`, the form of JavaScript's `toISOString`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let in_day = self.0.rem_euclid(MILLIS_PER_DAY);
        let (seconds, millis) = (in_day / 1000, in_day % 1000);
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        write!(f, "{}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z", self.day())
    }
}

fn invalid() -> Error {
    Error::new(
        ErrorKind::TimestampInvalid,
        "timestamp must be a date: an ISO 8601 string, a Date, or seconds or milliseconds since 1970, \
         between the years 0001 and 9999",
    )
    .field("timestamp")
}

const MILLIS_PER_DAY: i64 = 86_400_000;

/// A calendar day, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i32);

impl Day {
    /// From strict `YYYY-MM-DD`; `DATE_INVALID` for any other form and for days that do not exist.
    pub fn parse(text: &str) -> Result<Day> {
        let day = || -> Option<Day> {
            let bytes = text.as_bytes();
            let digits = |range: std::ops::Range<usize>| -> Option<u32> {
                let part = text.get(range)?;
                part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok())?
            };
            if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
                return None;
            }
            let month = Month::try_from(digits(5..7)? as u8).ok()?;
            let date = Date::from_calendar_date(digits(0..4)? as i32, month, digits(8..10)? as u8).ok()?;
            (date.year() >= 1).then(|| Day(date.to_julian_day() - JULIAN_1970))
        };
        day().ok_or_else(|| {
            Error::new(ErrorKind::DateInvalid, "expirationDate must be a valid date in YYYY-MM-DD format.")
                .field("expirationDate")
        })
    }

    /// The day that is this many days after 1970-01-01; clamped to the years 0001 to 9999.
    pub fn from_number(days: i32) -> Day {
        Timestamp::clamped(i64::from(days) * MILLIS_PER_DAY).day()
    }

    /// Days since 1970-01-01.
    pub fn number(self) -> i32 {
        self.0
    }

    /// Midnight in UTC at which the day begins.
    pub fn start(self) -> Timestamp {
        Timestamp(i64::from(self.0) * MILLIS_PER_DAY)
    }

    /// Day, month name, year: "8 May 2023", the words by which people ask for a day.
    pub fn spoken(self) -> String {
        let date = self.date();
        format!("{} {} {}", date.day(), date.month(), date.year())
    }

    fn date(self) -> Date {
        // Every Day lies within the years 0001 to 9999, which `time` can represent.
        Date::from_julian_day(self.0 + JULIAN_1970).unwrap_or(Date::MIN)
    }
}

const JULIAN_1970: i32 = 2_440_588;

impl fmt::Display for Day {
    /// `2023-05-08`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = self.date();
        write!(f, "{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day())
    }
}

/// A hybrid logical clock's reading: wall time in ms and a counter that orders events of one ms, packed
/// as 48 and 16 bits so that stamps compare as numbers. (Kulkarni et al., "Logical Physical Clocks", 2014.)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp(u64);

impl Stamp {
    /// The stamp of this packed form, as stored.
    pub fn from_bits(bits: u64) -> Stamp {
        Stamp(bits)
    }

    /// The packed form.
    pub fn bits(self) -> u64 {
        self.0
    }

    /// The wall-clock part.
    pub fn wall(self) -> Timestamp {
        Timestamp::clamped((self.0 >> 16) as i64)
    }
}

/// The clock of one replica: hands out stamps that rise, also when the wall clock stands still (as in a
/// Worker between two I/O calls) or jumps back.
#[derive(Clone, Debug)]
pub struct Clock {
    replica: u64,
    last: Stamp,
}

impl Clock {
    /// A clock for this replica; `replica` is random, so that two of them never share stamps.
    pub fn new(replica: u64) -> Clock {
        Clock { replica, last: Stamp(0) }
    }

    /// The replica's number.
    pub fn replica(&self) -> u64 {
        self.replica
    }

    /// Learns of a stamp made elsewhere: later stamps of this clock are greater.
    pub fn observe(&mut self, stamp: Stamp) {
        self.last = self.last.max(stamp);
    }

    /// The next stamp at wall time `now`. A full counter moves on to the next ms.
    pub fn tick(&mut self, now: Timestamp) -> Stamp {
        let wall = Stamp((now.0.max(0) as u64) << 16);
        self.last = if wall > self.last { wall } else { Stamp(self.last.0.saturating_add(1)) };
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_and_parses_instants() {
        for (text, shown) in [
            ("2023-05-08T13:56:00Z", "2023-05-08T13:56:00.000Z"),
            ("2023-05-08T13:56:00.123+02:00", "2023-05-08T11:56:00.123Z"),
            ("2023-05-08T13:56:00", "2023-05-08T13:56:00.000Z"),
            ("2023-05-08", "2023-05-08T00:00:00.000Z"),
            ("0001-01-01", "0001-01-01T00:00:00.000Z"),
            ("1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(Timestamp::parse(text).unwrap().to_string(), shown, "{text}");
        }
        for text in ["", "yesterday", "2023-02-30", "2023-13-01T00:00:00Z", "10000-01-01", "1/2/2030"] {
            assert_eq!(Timestamp::parse(text).unwrap_err().code(), "TIMESTAMP_INVALID", "{text}");
        }
    }

    #[test]
    fn reads_numbers_as_seconds_or_milliseconds() {
        assert_eq!(Timestamp::from_number(1_577_836_800.0).unwrap().to_string(), "2020-01-01T00:00:00.000Z");
        assert_eq!(Timestamp::from_number(1.5778368e12).unwrap().to_string(), "2020-01-01T00:00:00.000Z");
        for number in [f64::NAN, f64::INFINITY, 1e300, -1e300] {
            assert!(Timestamp::from_number(number).is_err());
        }
    }

    #[test]
    fn days_are_strict() {
        assert_eq!(Day::parse("2023-05-08").unwrap().spoken(), "8 May 2023");
        assert_eq!(Day::parse("2024-02-29").unwrap().to_string(), "2024-02-29");
        for text in ["2023-5-8", "2023-02-29", "2023-05-08T00:00", "0000-01-01", "２０２３-05-08"] {
            assert_eq!(Day::parse(text).unwrap_err().code(), "DATE_INVALID", "{text}");
        }
    }

    #[test]
    fn stamps_rise_when_the_clock_stands_still_or_jumps_back() {
        let mut clock = Clock::new(1);
        let mut last = Stamp::default();
        for now in [5, 5, 5, 3, 9, 9, 0] {
            let stamp = clock.tick(Timestamp::clamped(now));
            assert!(stamp > last);
            last = stamp;
        }
        clock.observe(Stamp::from_bits(1 << 40));
        assert!(clock.tick(Timestamp::clamped(0)).bits() > 1 << 40);
    }
}
