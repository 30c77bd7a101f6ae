//! Instants, calendar days and the hybrid logical clock's stamps. Nothing here reads a clock.

use std::fmt;

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

    /// From text: RFC 3339, the same without an offset (read as UTC), or a day `YYYY-MM-DD`.
    pub fn parse(text: &str) -> Result<Timestamp> {
        parse_instant(text.trim()).ok_or_else(invalid).and_then(Timestamp::from_millis)
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
        let (year, month, day) = self.day().civil();
        // Digit by digit: each memory that is shown has three of these, and numbers formatted one after the other made them a
        // tenth of what showing it took.
        let mut text = *b"0000-00-00T00:00:00.000Z";
        let numbers =
            [(0, 4, year), (5, 7, month), (8, 10, day), (11, 13, hour), (14, 16, minute), (17, 19, second)];
        for (from, to, mut rest) in numbers.into_iter().chain([(20, 23, millis)]) {
            for digit in text[from..to].iter_mut().rev() {
                *digit = b'0' + (rest % 10) as u8;
                rest /= 10;
            }
        }
        f.write_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

/// `2023-05-08`, or with `T` or a space `13:56`, seconds, a fraction, and `Z` or `+02:00`; as milliseconds.
fn parse_instant(text: &str) -> Option<i64> {
    let (day, time) = text.split_at_checked(10)?;
    let start = Day::parse(day).ok()?.start().millis();
    if time.is_empty() {
        return Some(start);
    }
    let time = time.strip_prefix(['T', 't', ' '])?;
    let (time, offset) = match time.find(['Z', 'z', '+', '-']) {
        Some(at) => (&time[..at], parse_offset(&time[at..])?),
        None => (time, 0),
    };
    let (clock, fraction) = time.split_once(['.', ',']).unwrap_or((time, "0"));
    let mut parts = clock.split(':');
    let mut next = |limit| parts.next().map_or(Some(0), |part| two_digits(part).filter(|&it| it <= limit));
    // A leap second is read as the second before it.
    let (hour, minute, second) = (next(23)?, next(59)?, next(60)?.min(59));
    if parts.next().is_some() || !clock.contains([':']) || fraction.is_empty() {
        return None;
    }
    let digits = fraction.bytes().map(|byte| byte.is_ascii_digit().then(|| i64::from(byte - b'0')));
    let digits = digits.collect::<Option<Vec<i64>>>()?;
    let millis = digits.into_iter().chain([0, 0]).take(3).fold(0, |sum, digit| sum * 10 + digit);
    let in_day = ((hour * 60 + minute - offset) * 60 + second) * 1000 + millis;
    Some(start + in_day)
}

/// `Z`, `+02:00`, `+0200` or `+02`, in minutes.
fn parse_offset(text: &str) -> Option<i64> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'+' => (1, &text[1..]),
        b'-' => (-1, &text[1..]),
        _ => return (text.len() == 1).then_some(0),
    };
    let (hours, minutes) = digits.split_at_checked(2)?;
    let minutes = match minutes.strip_prefix(':').unwrap_or(minutes) {
        "" => 0,
        minutes => two_digits(minutes).filter(|&it| it <= 59)?,
    };
    Some(sign * (two_digits(hours).filter(|&it| it <= 23)? * 60 + minutes))
}

fn two_digits(text: &str) -> Option<i64> {
    match *text.as_bytes() {
        [a @ b'0'..=b'9', b @ b'0'..=b'9'] => Some(i64::from(a - b'0') * 10 + i64::from(b - b'0')),
        _ => None,
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

/// A day, in ms.
pub const MILLIS_PER_DAY: i64 = 86_400_000;

/// A calendar day, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i32);

impl Day {
    /// From strict `YYYY-MM-DD`; `DATE_INVALID` for any other form and for days that do not exist.
    pub fn parse(text: &str) -> Result<Day> {
        let day = || -> Option<Day> {
            let bytes = text.as_bytes();
            if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
                return None;
            }
            let number = |range: std::ops::Range<usize>| text.get(range).and_then(two_digits);
            let year = number(0..2)? * 100 + number(2..4)?;
            let day = days_from_civil(year, number(5..7)?, number(8..10)?);
            // A day that does not exist would read back as another one.
            (year >= 1 && day.to_string() == text).then_some(day)
        };
        day().ok_or_else(|| {
            Error::new(ErrorKind::DateInvalid, "expirationDate must be a valid date in YYYY-MM-DD format.")
                .field("expirationDate")
        })
    }

    /// The day of this year, month and day of the month; a day that the month does not have is one of the next
    /// month.
    pub fn of_civil(year: i64, month: i64, day: i64) -> Day {
        days_from_civil(year, month, day)
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
        let (year, month, day) = self.civil();
        format!("{day} {} {year}", MONTHS[month as usize - 1])
    }

    /// Year, month and day of the Gregorian calendar. The algorithm is Howard Hinnant's `civil_from_days`
    /// ("chrono-Compatible Low-Level Date Algorithms", 2013): years begin in March, eras have 400 years.
    pub fn civil(self) -> (i64, i64, i64) {
        let days = i64::from(self.0) + DAYS_TO_1970;
        let (era, in_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year_of_era = (in_era - in_era / 1460 + in_era / 36_524 - in_era / 146_096) / 365;
        let in_year = in_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let march_month = (5 * in_year + 2) / 153;
        let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        (year, month, in_year - (153 * march_month + 2) / 5 + 1)
    }
}

/// The inverse of [`Day::civil`], from the same source; any numbers give some day.
fn days_from_civil(year: i64, month: i64, day: i64) -> Day {
    let year = year - i64::from(month <= 2);
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let in_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    let in_era = of_era * 365 + of_era / 4 - of_era / 100 + in_year;
    Day((era * 146_097 + in_era - DAYS_TO_1970) as i32)
}

/// Days from 0000-03-01 to 1970-01-01.
const DAYS_TO_1970: i64 = 719_468;

/// The months' names in English.
pub const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

impl fmt::Display for Day {
    /// `2023-05-08`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.civil();
        write!(f, "{year:04}-{month:02}-{day:02}")
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

    /// Goes on as another replica, from the same time.
    pub fn renew(&mut self, replica: u64) {
        self.replica = replica;
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
            ("2023-05-08 13:56", "2023-05-08T13:56:00.000Z"),
            ("2023-05-08T00:30:00.5-0130", "2023-05-08T02:00:00.500Z"),
            ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.000Z"),
            ("9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(Timestamp::parse(text).unwrap().to_string(), shown, "{text}");
        }
        let wrong = "|yesterday|2023-02-30|2023-13-01T00:00:00Z|10000-01-01|1/2/2030|2023-05-08T|2023-05-08T24:00|\
                     2023-05-08T1:00|2023-05-08T10:00:00.|2023-05-08T10:00:00+2|2023-05-08T10:00Zulu|2023-05-08é";
        for text in wrong.split('|') {
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
    fn the_calendar_is_the_time_crates() {
        for number in (-719_162..2_932_896).step_by(97).chain([-719_162, 2_932_896]) {
            let date = time::Date::from_julian_day(number + 2_440_588).unwrap();
            let expected = format!("{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day());
            assert_eq!(Day(number).to_string(), expected);
            assert_eq!(Day::parse(&expected).unwrap().number(), number);
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
